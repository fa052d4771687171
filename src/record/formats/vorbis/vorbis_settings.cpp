#include "record/formats/vorbis/vorbis_settings.hpp"

#include "record/formats/hint_value.hpp"

namespace record::vorbis {

base::Result<VorbisSettings> vorbis_settings(std::span<const Hint> hints) {
  VorbisSettings settings;
  for (const Hint& hint : hints) {
    if (hint.name == "quality") {
      auto value = whole_number(hint, 0, 9);
      if (!value) return std::move(value.error());
      settings.quality = *value;
    } else if (hint.name == "bitrate") {
      auto value = whole_number(hint, 8, 512);
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

}  // namespace record::vorbis
