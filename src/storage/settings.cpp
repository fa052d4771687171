#include "storage/settings.hpp"

#include <algorithm>

namespace storage {

const nlohmann::json* Settings::take(const std::string& key) {
  asked_.insert(key);
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &*found;
}

void Settings::refuse(const std::string& key, const std::string& expected) {
  if (wrong_.empty()) wrong_ = key + ": expected " + expected;
}

std::string Settings::text(const std::string& key, std::string otherwise) {
  const auto* value = take(key);
  if (value == nullptr) return otherwise;
  if (value->is_string()) return value->get<std::string>();
  refuse(key, "a string");
  return otherwise;
}

bool Settings::boolean(const std::string& key, bool otherwise) {
  const auto* value = take(key);
  if (value == nullptr) return otherwise;
  if (value->is_boolean()) return value->get<bool>();
  refuse(key, "true or false");
  return otherwise;
}

std::int64_t Settings::number(const std::string& key, std::int64_t otherwise, std::int64_t least, std::int64_t most) {
  const auto* value = take(key);
  if (value == nullptr) return otherwise;
  if (value->is_number_integer()) {
    const auto number = value->get<std::int64_t>();
    if (number >= least && number <= most) return number;
  }
  refuse(key, "a whole number, " + std::to_string(least) + " to " + std::to_string(most));
  return otherwise;
}

std::chrono::milliseconds Settings::seconds(const std::string& key, std::chrono::milliseconds otherwise) {
  constexpr double kLongest = 7.0 * 86400;
  const auto* value = take(key);
  if (value == nullptr) return otherwise;
  if (value->is_number()) {
    const auto number = value->get<double>();
    if (number >= 0 && number <= kLongest) return std::chrono::milliseconds(static_cast<std::int64_t>(number * 1000));
  }
  refuse(key, "a number of seconds, 0 to 604800");
  return otherwise;
}

std::string Settings::choice(const std::string& key, std::string otherwise,
                             std::initializer_list<std::string_view> of) {
  const bool given = has(key);
  std::string chosen = text(key, otherwise);
  if (!given || std::find(of.begin(), of.end(), chosen) != of.end()) return chosen;
  std::string expected = "one of";
  for (const auto one : of) expected += " \"" + std::string(one) + "\"";
  refuse(key, expected);
  return otherwise;
}

std::vector<std::string> Settings::list(const std::string& key) {
  const auto* value = take(key);
  std::vector<std::string> strings;
  if (value == nullptr) return strings;
  const bool good =
      value->is_array() && std::all_of(value->begin(), value->end(), [](auto& v) { return v.is_string(); });
  if (!good) {
    refuse(key, "a list of strings");
    return strings;
  }
  for (const auto& one : *value) strings.push_back(one.template get<std::string>());
  return strings;
}

std::map<std::string, std::string> Settings::table(const std::string& key) {
  const auto* value = take(key);
  std::map<std::string, std::string> strings;
  if (value == nullptr) return strings;
  const bool good =
      value->is_object() && std::all_of(value->begin(), value->end(), [](auto& v) { return v.is_string(); });
  if (!good) {
    refuse(key, "a table of strings");
    return strings;
  }
  for (const auto& [name, one] : value->items()) strings[name] = one.template get<std::string>();
  return strings;
}

base::Result<void> Settings::judge() const {
  if (!wrong_.empty()) return base::bad_request(wrong_);
  for (const auto& [key, value] : values_.items()) {
    if (asked_.count(key) == 0) return base::bad_request(key + ": no setting of this store");
  }
  return {};
}

}  // namespace storage
