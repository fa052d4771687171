#include "storage/routing.hpp"

#include <algorithm>

namespace storage {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

bool fits_rule(const Rule& rule, const Subject& subject) {
  if (!rule.account.empty() && !fits(rule.account, subject.account)) return false;
  if (!rule.format.empty() && !fits(rule.format, subject.format)) return false;
  if (rule.header_name.empty()) return true;
  const auto header = subject.headers.find(lower(rule.header_name));
  return header != subject.headers.end() && fits(rule.header_value, header->second);
}

}  // namespace

bool fits(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t from = 0;  // where the last star's text may end
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

const std::vector<std::string>& Routing::stores_for(const Subject& subject) const {
  const auto found =
      std::find_if(rules_.begin(), rules_.end(), [&](const Rule& rule) { return fits_rule(rule, subject); });
  return found == rules_.end() ? otherwise_ : found->stores;
}

}  // namespace storage
