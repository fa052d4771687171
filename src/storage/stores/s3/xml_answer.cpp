#include "storage/stores/s3/xml_answer.hpp"

#include <array>
#include <utility>

namespace storage::s3 {
namespace {

constexpr std::array<std::pair<std::string_view, char>, 5> kEntities = {
    {{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}}};

std::string decoded(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    bool found = false;
    for (const auto& [entity, c] : kEntities) {
      if (!text.starts_with(entity)) continue;
      out += c;
      text.remove_prefix(entity.size());
      found = true;
      break;
    }
    if (text.starts_with("&#34;")) {  // Ceph's quotation mark of an ETag
      out += '"';
      text.remove_prefix(5);
      found = true;
    }
    if (found) continue;
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace

std::vector<std::string_view> all_of(std::string_view xml, std::string_view element) {
  const std::string open = "<" + std::string(element);
  const std::string close = "</" + std::string(element) + ">";
  std::vector<std::string_view> found;
  for (std::size_t at = 0; (at = xml.find(open, at)) != std::string_view::npos;) {
    at += open.size();
    const bool is_it = at < xml.size() && (xml[at] == '>' || xml[at] == ' ');  // not the start of a longer name
    const std::size_t begin = xml.find('>', at);
    const std::size_t end = begin == std::string_view::npos ? begin : xml.find(close, begin);
    if (end == std::string_view::npos) break;
    if (!is_it) continue;
    found.push_back(xml.substr(begin + 1, end - begin - 1));
    at = end;
  }
  return found;
}

std::string text_of(std::string_view xml, std::string_view element) {
  const auto all = all_of(xml, element);
  return all.empty() ? "" : decoded(all.front());
}

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    std::string_view as;
    for (const auto& [entity, of] : kEntities) {
      if (of == c) as = entity;
    }
    as.empty() ? out += c : out += as;
  }
  return out;
}

}  // namespace storage::s3
