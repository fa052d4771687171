#pragma once
// The hints that the format "mp3" knows:
//   quality  0 (best) to 9: how hard LAME tries, by default 7; with vbr and no bitrate how good it sounds, by default 4
//   bitrate  kbit/s of all channels, 8 to 320, or the nearest that MPEG has at this rate
//   vbr      true: as many bits as the sound needs, with `bitrate` on the average; false (default): always as many

#include <optional>
#include <span>

#include "base/result.hpp"
#include "record/formats/mp3/mpeg_frame.hpp"
#include "record/settings.hpp"

namespace record::mp3 {

struct Mp3Settings {
  std::optional<int> quality;
  std::optional<int> kbps;
  bool vbr = false;

  int effort() const { return quality.value_or(7); }
  int vbr_quality() const { return quality.value_or(4); }
};

// Of a hint given twice the last counts; hints that are not known are nobody's business.
base::Result<Mp3Settings> mp3_settings(std::span<const Hint> hints);

// What is asked for, moved to the nearest that MPEG has at this rate: 8-64 below 16 kHz, 8-160 below 32 kHz, 32-320
// from there on. When nothing is asked for: 32, 48 and 80 a channel.
int bitrate_for(const Mp3Settings& settings, const FrameFormat& format);

}  // namespace record::mp3
