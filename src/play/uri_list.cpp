#include "play/uri_list.hpp"

#include <algorithm>

namespace play {

using base::bad_request;
using base::Result;

namespace {

constexpr std::string_view kSpace = " \t\r\n\f\v";

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(kSpace);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<std::vector<std::string>> read_uri_list(std::string_view text) {
  std::vector<std::string> uris;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    if (scheme_of(line).empty()) return bad_request(in_quotes(line) + " is not a URI");
    uris.emplace_back(line);
  }
  if (uris.empty()) return bad_request("the list holds no URI");
  return uris;
}

std::string in_quotes(std::string_view text) {
  std::string out = "'";
  out += text.substr(0, 200);
  return out + "'";
}

std::string scheme_of(std::string_view uri) {
  const std::size_t colon = uri.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_letter(uri.front())) return {};
  std::string scheme(uri.substr(0, colon));
  for (char& c : scheme) {
    if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return {};
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return scheme;
}

Result<std::string> path_of_file_uri(std::string_view uri) {
  const base::Error wrong = bad_request(in_quotes(uri) + " names no file of this server");
  if (scheme_of(uri) != "file") return wrong;
  std::string_view rest = uri.substr(5);
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    if (rest.starts_with("localhost/")) rest.remove_prefix(9);
  }
  rest = rest.substr(0, rest.find_first_of("?#"));
  if (!rest.starts_with('/')) return wrong;
  std::string path;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    char c = rest[i];
    if (c == '%') {
      const int high = i + 2 < rest.size() ? hex_value(rest[i + 1]) : -1;
      const int low = i + 2 < rest.size() ? hex_value(rest[i + 2]) : -1;
      if (high < 0 || low < 0) return wrong;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return wrong;
    path += c;
  }
  return path;
}

}  // namespace play
