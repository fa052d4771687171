#include "input/info_digit.hpp"

#include <algorithm>
#include <charconv>

#include "input/automaton.hpp"

namespace input {
namespace {

constexpr int kLongest = 60'000;  // ms

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

bool is_same(std::string_view one, std::string_view lower_case) {
  return std::ranges::equal(one, lower_case,
                            [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

// As a character or as the number of an RFC 4733 event: 10 is *, 11 is #.
std::optional<char> read_key(std::string_view text) {
  if (text.size() == 1) return to_key(text[0]);
  if (is_same(text, "star")) return '*';
  if (is_same(text, "pound") || is_same(text, "hash")) return '#';
  if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5') {
    return kKeys[static_cast<std::size_t>(10 + (text[1] - '0'))];
  }
  return std::nullopt;
}

std::chrono::milliseconds read_duration(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) number = 0;
  return std::chrono::milliseconds(std::min(number, kLongest));
}

}  // namespace

std::optional<InfoDigit> parse_info(std::string_view content_type, std::string_view body) {
  const std::string_view type = trimmed(content_type.substr(0, content_type.find(';')));
  if (is_same(type, "application/dtmf")) {
    // Some write the lines of dtmf-relay under this name.
    if (body.find('=') == std::string_view::npos) {
      const std::string_view text = trimmed(body);
      const auto key = text.size() == 1 ? to_key(text[0]) : std::nullopt;
      if (!key) return std::nullopt;
      return InfoDigit{.key = *key};
    }
  } else if (!is_same(type, "application/dtmf-relay")) {
    return std::nullopt;
  }
  InfoDigit digit;
  bool found = false;
  while (!body.empty()) {
    const std::size_t end = body.find_first_of("\r\n");
    const std::string_view line = body.substr(0, end);
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trimmed(line.substr(0, equals)), value = trimmed(line.substr(equals + 1));
    if (is_same(name, "signal")) {
      const auto key = read_key(value);
      if (!key) return std::nullopt;
      digit.key = *key;
      found = true;
    } else if (is_same(name, "duration")) {
      digit.duration = read_duration(value);
    }
  }
  if (!found) return std::nullopt;
  return digit;
}

}  // namespace input
