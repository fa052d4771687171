#pragma once
// The hints that the format "vorbis" knows:
//   quality  0 (best, largest) to 9, by default 6: libvorbis' own quality 10 to 1
//   bitrate  kbit/s of all channels, 8 to 512, instead of quality; moved to the nearest that this sample rate has
//   vbr      true (default): the bit rate chooses the quality that has it with most sounds; false: it is held at all
//            times (32 a channel where none is said), for four times the CPU

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
