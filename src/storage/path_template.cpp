#include "storage/path_template.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <functional>
#include <optional>

#include "storage/file_name.hpp"

namespace storage {
namespace {

constexpr std::array<std::string_view, 15> kWords = {"date",    "year",      "month", "day",  "hour",
                                                     "call",    "component", "id",    "from", "to",
                                                     "account", "name",      "stem",  "ext",  "format"};

std::string time_text(std::chrono::system_clock::time_point time, const char* format) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, format, &utc)};
}

std::string value_of(std::string_view word, const About& about, const Piece& piece) {
  const std::size_t dot = std::min(piece.name.rfind('.'), piece.name.size());
  if (word == "date") return time_text(about.began, "%Y-%m-%d");
  if (word == "year") return time_text(about.began, "%Y");
  if (word == "month") return time_text(about.began, "%m");
  if (word == "day") return time_text(about.began, "%d");
  if (word == "hour") return time_text(about.began, "%H");
  if (word == "call") return about.call_id;
  if (word == "component") return about.component_id;
  if (word == "id") return about.id;
  if (word == "from") return about.from;
  if (word == "to") return about.to;
  if (word == "account") return about.account;
  if (word == "format") return about.format;
  if (word == "stem") return piece.name.substr(0, dot);
  if (word == "ext") return piece.name.substr(std::min(dot + 1, piece.name.size()));
  return piece.name;
}

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

// As part of a segment. Names of ours have a dot; what peers say has none.
std::string harmless(std::string_view word, const std::string& value) {
  if (word != "name" && word != "stem") return sanitised(value);
  std::string name = value.empty() ? "_" : value;
  for (char& c : name) c = is_plain(c) || c == '.' ? c : '_';
  if (name.front() == '.') name.front() = '_';
  return name;
}

using Value = std::function<std::string(std::string_view word)>;

std::string replaced(std::string_view text, const Value& value) {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) return out.append(text);
    out.append(text.substr(0, open));
    out += value(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
  return out;
}

bool has_word(std::string_view text, std::string_view word) {
  return text.find("{" + std::string(word) + "}") != std::string_view::npos;
}

}  // namespace

std::string unknown_word(std::string_view text) {
  std::string unknown;
  replaced(text, [&](std::string_view word) {
    if (std::find(kWords.begin(), kWords.end(), word) == kWords.end() && unknown.empty()) unknown = word;
    return std::string();
  });
  return unknown;
}

base::Result<PathTemplate> PathTemplate::parse(const std::string& text) {
  const std::string quoted = "'" + text + "'";
  if (const std::string word = unknown_word(text); !word.empty()) {
    return base::bad_request(quoted + ": {" + word + "} is not known");
  }
  if (!has_word(text, "name") && !(has_word(text, "stem") && has_word(text, "ext"))) {
    return base::bad_request(quoted + " has neither {name} nor {stem} and {ext}: recordings could replace each other");
  }
  // Judged as it will be, with the words of any value.
  std::string_view rest = text;
  for (;;) {
    const std::string_view segment = rest.substr(0, rest.find('/'));
    if (segment.empty() || segment == "." || segment == "..") {
      return base::bad_request(quoted + " is not a path of plain segments below the root");
    }
    const bool printable =
        std::all_of(segment.begin(), segment.end(), [](unsigned char c) { return c >= 32 && c != 127; });
    if (!printable || segment.find('\\') != std::string_view::npos) {
      return base::bad_request(quoted + " holds characters that no path should");
    }
    if (segment.size() == rest.size()) break;
    rest.remove_prefix(segment.size() + 1);
  }
  return PathTemplate(text);
}

std::string PathTemplate::path(const About& about, const Piece& piece) const {
  return replaced(text_, [&](std::string_view word) { return harmless(word, value_of(word, about, piece)); });
}

std::string filled(std::string_view text, const About& about, const Piece& piece) {
  return replaced(text, [&](std::string_view word) {
    std::string value = value_of(word, about, piece);
    std::replace_if(
        value.begin(), value.end(), [](unsigned char c) { return c < 32 || c == 127; }, ' ');
    return value;
  });
}

std::string path_encoded(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    if (is_plain(c) || c == '.' || c == '~' || c == '/') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
  return out;
}

std::string path_decoded(std::string_view encoded) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    const int high = encoded[i] == '%' && i + 2 < encoded.size() ? digit(encoded[i + 1]) : -1;
    const int low = high < 0 ? -1 : digit(encoded[i + 2]);
    if (low < 0) {
      out += encoded[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

}  // namespace storage
