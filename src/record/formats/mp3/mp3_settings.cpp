#include "record/formats/mp3/mp3_settings.hpp"

#include <charconv>
#include <string>

namespace record::mp3 {
namespace {

base::Result<int> whole_number(const Hint& hint, int lowest, int highest) {
  int value = 0;
  const char* end = hint.value.data() + hint.value.size();
  const auto [stopped, error] = std::from_chars(hint.value.data(), end, value);
  if (error != std::errc() || stopped != end || value < lowest || value > highest) {
    return base::bad_request("hint '" + hint.name + "': expected a whole number from " + std::to_string(lowest) +
                             " to " + std::to_string(highest));
  }
  return value;
}

}  // namespace

base::Result<Mp3Settings> mp3_settings(std::span<const Hint> hints) {
  Mp3Settings settings;
  for (const Hint& hint : hints) {
    if (hint.name == "quality") {
      auto value = whole_number(hint, 0, 9);
      if (!value) return std::move(value.error());
      settings.quality = *value;
    } else if (hint.name == "bitrate") {
      auto value = whole_number(hint, 8, 320);
      if (!value) return std::move(value.error());
      settings.kbps = *value;
    }
  }
  return settings;
}

int bitrate_for(const Mp3Settings& settings, const FrameFormat& format) {
  const int a_channel = format.version == MpegVersion::mpeg25 ? 32 : format.version == MpegVersion::mpeg2 ? 48 : 80;
  return nearest_bitrate(format.version, settings.kbps.value_or(a_channel * format.channels));
}

}  // namespace record::mp3
