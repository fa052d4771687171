#include "call/display_name.hpp"

namespace call {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

std::string display_name(std::string_view header) {
  header = trimmed(header);
  if (header.empty() || header.front() != '"') {
    const std::size_t bracket = header.find('<');
    return bracket == std::string_view::npos ? std::string() : std::string(trimmed(header.substr(0, bracket)));
  }
  std::string name;
  for (std::size_t i = 1; i < header.size() && header[i] != '"'; ++i) {
    if (header[i] == '\\' && i + 1 < header.size()) ++i;
    name += header[i];
  }
  return name;
}

}  // namespace call
