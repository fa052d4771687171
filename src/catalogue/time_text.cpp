#include "catalogue/time_text.hpp"

#include <array>
#include <charconv>

namespace catalogue {
namespace {

// `digits` digits at the front of the text, which loses them.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  int value = 0;
  if (text.size() < digits) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc() || end != text.data() + digits || text[0] == '-') return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<std::chrono::minutes> parse_age(std::string_view text) {
  constexpr std::int64_t kMostDays = 36500;
  if (text.size() < 2) return std::nullopt;
  std::int64_t unit = 0;
  if (text.back() == 'm') unit = 1;
  if (text.back() == 'h') unit = 60;
  if (text.back() == 'd') unit = std::int64_t{24} * 60;
  text.remove_suffix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (unit == 0 || error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  if (value > kMostDays * 24 * 60 / unit) return std::nullopt;
  return std::chrono::minutes(value * unit);
}

std::optional<Instant> parse_instant(std::string_view text, Instant now) {
  if (const auto age = parse_age(text)) return now - *age;
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  std::array<int, 3> clock{};  // hours, minutes, seconds
  if (take(text, 'T')) {
    constexpr std::array<int, 3> kMost = {23, 59, 60};
    for (std::size_t i = 0; i < clock.size(); ++i) {
      if (i == 2 && !text.starts_with(':')) break;
      if (i > 0 && !take(text, ':')) return std::nullopt;
      const auto value = take_number(text, 2);
      if (!value || *value > kMost.at(i)) return std::nullopt;
      clock.at(i) = *value;
    }
  }
  take(text, 'Z');
  if (!text.empty()) return std::nullopt;
  return Instant(std::chrono::sys_days(date)) + std::chrono::hours(clock[0]) + std::chrono::minutes(clock[1]) +
         std::chrono::seconds(clock[2]);
}

}  // namespace catalogue
