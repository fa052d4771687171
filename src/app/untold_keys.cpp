// [rayo] keep-untold: how long clients may be away from what they are owed.
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "app/config_keys.hpp"
#include "app/config_values.hpp"

namespace app {
namespace {

using std::chrono::milliseconds;

// The largest first, as it is printed.
constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::int64_t kMost = 3650 * kUnits[0].second;

bool take_time(milliseconds& place, const toml::node& node) {
  std::string text;
  if (!take_string(text, node)) return false;
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || count < 0) return false;
  for (const auto& [unit, length] : kUnits) {
    if (std::string_view(end, text.data() + text.size()) != unit || count > kMost / length) continue;
    place = milliseconds(count * length);
    return true;
  }
  return false;
}

std::string time_text(milliseconds time) {
  for (const auto& [unit, length] : kUnits) {
    if (time.count() % length == 0) return toml_string(std::to_string(time.count() / length) + std::string(unit));
  }
  return {};
}

}  // namespace

std::vector<Key> untold_keys() {
  return {
      {"rayo", "keep-untold",
       "how long the end of a recording waits for its client to come back, and is told then: like \"7d\" or \"12h\"",
       [](Config& c, const toml::node& n) { return take_time(c.keep_untold, n); },
       "a string of a number and d, h, m, s or ms, at most ten years",
       [](const Config& c) { return time_text(c.keep_untold); }},
  };
}

}  // namespace app
