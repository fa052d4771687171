#pragma once
// Points in time as people type them at a filter, always UTC: "2026-11-22", "2026-11-22T23:56", "2026-11-22T23:56:01Z",
// or so long ago: "30m", "24h", "7d". Pure functions.

#include <optional>
#include <string_view>

#include "catalogue/recording.hpp"

namespace catalogue {

std::optional<Instant> parse_instant(std::string_view text, Instant now);
// "30m", "24h", "7d", up to a hundred years.
std::optional<std::chrono::minutes> parse_age(std::string_view text);

}  // namespace catalogue
