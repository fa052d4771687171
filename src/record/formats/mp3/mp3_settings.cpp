#include "record/formats/mp3/mp3_settings.hpp"

#include "record/formats/hint_value.hpp"

namespace record::mp3 {
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
    } else if (hint.name == "vbr") {
      auto value = boolean(hint);
      if (!value) return std::move(value.error());
      settings.vbr = *value;
    }
  }
  return settings;
}

int bitrate_for(const Mp3Settings& settings, const FrameFormat& format) {
  const int a_channel = format.version == MpegVersion::mpeg25 ? 32 : format.version == MpegVersion::mpeg2 ? 48 : 80;
  return nearest_bitrate(format.version, settings.kbps.value_or(a_channel * format.channels));
}

}  // namespace record::mp3
