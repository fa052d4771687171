#pragma once
// The hints that the format "vorbis" knows:
//   quality  0 (best, largest) to 9, by default 6: libvorbis' own quality 10 to 1
//   bitrate  kbit/s of all channels, 8 to 512, instead of quality; the nearest that Vorbis has at this rate
//   vbr      true (default): the bit rate is met on the long average; false: at all times, which takes a bit rate
//            (nothing said: 32 a channel) and much more CPU

#include <optional>
#include <span>

#include "base/result.hpp"
#include "record/settings.hpp"

namespace record::vorbis {

struct VorbisSettings {
  int quality = 6;
  std::optional<int> kbps;
  bool vbr = true;
};

base::Result<VorbisSettings> vorbis_settings(std::span<const Hint> hints);

}  // namespace record::vorbis
