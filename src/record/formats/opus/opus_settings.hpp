#pragma once
// The hints that the format "opus" knows:
//   quality     0 (best: twice the bits of 5, complexity 10) to 9 (60 % of them, complexity 1), by default 5
//   bitrate     kbit/s of all channels, 6 to 510, instead of what quality gives; two channels take 32 at least
//   vbr         true (default) or false: every packet of the same size
//   complexity  0 (fastest) to 10, instead of what quality gives

#include <optional>
#include <span>

#include "base/result.hpp"
#include "record/formats/format.hpp"

namespace record::opus {

struct OpusSettings {
  int quality = 5;
  std::optional<int> kbps;
  std::optional<int> complexity;
  bool vbr = true;
};

base::Result<OpusSettings> opus_settings(std::span<const Hint> hints);

// kbit/s. At quality 5 a channel gets 24 at 8 kHz, 32 to 16 kHz, 40 to 24 kHz, 64 at 48 kHz; half as much again where
// two are kept apart.
int bitrate_for(const OpusSettings& settings, const AudioFormat& audio);
int complexity_for(const OpusSettings& settings);

}  // namespace record::opus
