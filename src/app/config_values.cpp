#include "app/config_values.hpp"

#include <charconv>
#include <cmath>
#include <spdlog/fmt/fmt.h>

namespace app {

bool take_string(std::string& place, const toml::node& node) {
  const auto value = node.value_exact<std::string>();
  if (!value) return false;
  place = *value;
  return true;
}

bool take_path(std::string& place, const toml::node& node) { return take_string(place, node) && !place.empty(); }

bool take_seconds(std::chrono::milliseconds& place, const toml::node& node, double most) {
  double seconds = 0;
  if (const auto text = node.value_exact<std::string>()) {
    const char* end = text->data() + text->size();
    const auto [unit, error] = std::from_chars(text->data(), end, seconds);
    const std::string_view rest(unit, static_cast<std::size_t>(end - unit));
    if (error != std::errc()) return false;
    if (rest == "ms") {
      seconds /= 1000;
    } else if (rest == "m") {
      seconds *= 60;
    } else if (rest == "h") {
      seconds *= 3600;
    } else if (rest != "s") {
      return false;
    }
  } else if (node.is_number()) {
    seconds = *node.value<double>();
  } else {
    return false;
  }
  if (!(seconds >= 0 && seconds <= most)) return false;
  place = std::chrono::milliseconds(std::llround(seconds * 1000));
  return true;
}

bool take_list(std::vector<std::string>& place, const toml::node& node, bool (*fits)(std::string_view)) {
  const toml::array* list = node.as_array();
  if (list == nullptr || list->empty()) return false;
  std::vector<std::string> taken;
  for (const toml::node& entry : *list) {
    const auto text = entry.value_exact<std::string>();
    if (!text || !fits(*text)) return false;
    taken.push_back(*text);
  }
  place = std::move(taken);
  return true;
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04X}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string string_or_nothing(const std::string& text) { return text.empty() ? std::string() : toml_string(text); }

std::string list_of(const std::vector<std::string>& entries) {
  std::string out = "[";
  for (const std::string& entry : entries) out += (out.size() > 1 ? ", " : "") + toml_string(entry);
  return out + "]";
}

std::string seconds_text(std::chrono::milliseconds time) {
  if (time.count() % 1000 == 0) return std::to_string(time.count() / 1000);
  return fmt::format("\"{}ms\"", time.count());
}

}  // namespace app
