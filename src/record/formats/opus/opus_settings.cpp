#include "record/formats/opus/opus_settings.hpp"

#include <algorithm>

#include "record/formats/hint_value.hpp"

namespace record::opus {
namespace {

// Of libopus. Two channels need so many bits that CELT never codes them as one with a balance (intensity stereo).
constexpr int kLowest = 6, kHighest = 510;
constexpr int kLowestOfTwo = 32;

}  // namespace

base::Result<OpusSettings> opus_settings(std::span<const Hint> hints) {
  OpusSettings settings;
  for (const Hint& hint : hints) {
    if (hint.name == "vbr") {
      auto value = boolean(hint);
      if (!value) return std::move(value.error());
      settings.vbr = *value;
    } else if (hint.name == "quality" || hint.name == "bitrate" || hint.name == "complexity") {
      const bool is_bitrate = hint.name == "bitrate";
      const bool is_quality = hint.name == "quality";
      auto value = is_bitrate ? whole_number(hint, kLowest, kHighest) : whole_number(hint, 0, is_quality ? 9 : 10);
      if (!value) return std::move(value.error());
      if (is_quality) {
        settings.quality = *value;
      } else {
        (is_bitrate ? settings.kbps : settings.complexity) = *value;
      }
    }
  }
  return settings;
}

int bitrate_for(const OpusSettings& settings, const AudioFormat& audio) {
  const bool is_mono = audio.channels == 1;
  const int a_channel = audio.rate <= 8000 ? 24 : audio.rate <= 16000 ? 32 : audio.rate <= 24000 ? 40 : 64;
  const int percent = settings.quality <= 5 ? 200 - 20 * settings.quality : 150 - 10 * settings.quality;
  const int normal = (is_mono ? a_channel : 3 * a_channel) * percent / 100;
  return std::clamp(settings.kbps.value_or(normal), is_mono ? kLowest : kLowestOfTwo, kHighest);
}

int complexity_for(const OpusSettings& settings) { return settings.complexity.value_or(10 - settings.quality); }

}  // namespace record::opus
