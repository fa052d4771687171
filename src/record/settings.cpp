#include "record/settings.hpp"

#include <array>
#include <utility>

namespace record {
namespace {

constexpr std::array<std::pair<EndReason, std::string_view>, 7> kReasons = {{
    {EndReason::stop, "stop"},
    {EndReason::hangup, "hangup"},
    {EndReason::max_duration, "max-duration"},
    {EndReason::initial_timeout, "initial-timeout"},
    {EndReason::final_timeout, "final-timeout"},
    {EndReason::error, "error"},
    {EndReason::interrupted, "interrupted"},
}};

}  // namespace

std::string_view name_of(EndReason reason) {
  for (const auto& [each, name] : kReasons) {
    if (each == reason) return name;
  }
  return "error";
}

std::optional<EndReason> parse_reason(std::string_view name) {
  for (const auto& [reason, each] : kReasons) {
    if (each == name) return reason;
  }
  return std::nullopt;
}

}  // namespace record
