#include "codec/opus/capture_rate.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <strings.h>

namespace codec::opus {
namespace {

constexpr std::string_view kKey = "sprop-maxcapturerate";
constexpr std::array<std::uint32_t, 5> kRates = {8000, 12000, 16000, 24000, 48000};

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

std::uint32_t capture_rate(std::string_view fmtp) {
  while (!fmtp.empty()) {
    const auto parameter = fmtp.substr(0, fmtp.find(';'));
    fmtp.remove_prefix(std::min(fmtp.size(), parameter.size() + 1));
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos) continue;
    const auto key = trimmed(parameter.substr(0, equals)), value = trimmed(parameter.substr(equals + 1));
    if (key.size() != kKey.size() || strncasecmp(key.data(), kKey.data(), kKey.size()) != 0) continue;
    std::uint32_t most = 0;
    if (std::from_chars(value.data(), value.data() + value.size(), most).ec != std::errc() || most == 0) continue;
    for (const std::uint32_t rate : kRates) {
      if (rate >= most) return rate;
    }
  }
  return kRates.back();
}

}  // namespace codec::opus
