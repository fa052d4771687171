#pragma once
// TOML values into settings, and settings into TOML: what the tables of keys are made of. Each take_…() is false, and
// changes nothing, for a value of the wrong type or out of range. Pure functions.

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <utility>
#include <vector>

namespace app {

bool take_string(std::string& place, const toml::node& node);
// A string that is not empty.
bool take_path(std::string& place, const toml::node& node);
// A number of seconds, or a string with its unit ("500ms", "60s", "5m", "24h"), from 0 to `most` seconds.
bool take_seconds(std::chrono::milliseconds& place, const toml::node& node, double most);
// A non-empty list of strings that all satisfy `fits`.
bool take_list(std::vector<std::string>& place, const toml::node& node, bool (*fits)(std::string_view));

template <class Number>
bool take_integer(Number& place, const toml::node& node, std::int64_t least, std::int64_t most) {
  const auto value = node.value_exact<std::int64_t>();
  if (!value || *value < least || *value > most) return false;
  place = static_cast<Number>(*value);
  return true;
}

template <class Unit>
bool take_duration(Unit& place, const toml::node& node, std::int64_t least, std::int64_t most) {
  std::int64_t count = 0;
  if (!take_integer(count, node, least, most)) return false;
  place = Unit(count);
  return true;
}

inline bool take_boolean(bool& place, const toml::node& node) {
  const auto value = node.value_exact<bool>();
  if (value) place = *value;
  return value.has_value();
}

template <class Value>
bool take_choice(Value& place, const toml::node& node, std::initializer_list<std::pair<std::string_view, Value>> of) {
  const auto text = node.value_exact<std::string>();
  for (const auto& [name, value] : of) {
    if (text && *text == name) {
      place = value;
      return true;
    }
  }
  return false;
}

// A basic TOML string; of an empty one nothing with the second.
std::string toml_string(std::string_view text);
std::string string_or_nothing(const std::string& text);
std::string list_of(const std::vector<std::string>& entries);
std::string seconds_text(std::chrono::milliseconds time);

}  // namespace app
