#include "xml/prolog.hpp"

namespace xml {
namespace {

// Where the DOCTYPE ends; nothing if it has declarations of its own, or no end.
std::size_t end_of_doctype(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[') {
      return std::string_view::npos;
    } else if (c == '>') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

std::size_t behind(std::string_view text, std::string_view end) {
  const std::size_t at = text.find(end);
  return at == std::string_view::npos ? at : at + end.size();
}

}  // namespace

std::string_view without_prolog(std::string_view document) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (document.starts_with(kByteOrderMark)) document.remove_prefix(kByteOrderMark.size());
  for (;;) {
    const std::size_t begin = document.find_first_not_of(" \t\r\n");
    document.remove_prefix(begin == std::string_view::npos ? document.size() : begin);
    std::size_t end = std::string_view::npos;
    if (document.starts_with("<?")) end = behind(document, "?>");
    if (document.starts_with("<!--")) end = behind(document, "-->");
    if (document.starts_with("<!DOCTYPE")) end = end_of_doctype(document);
    if (end == std::string_view::npos) return document;
    document.remove_prefix(end);
  }
}

}  // namespace xml
