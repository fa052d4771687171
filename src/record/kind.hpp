#pragma once
// What a stretch of a recording is: what was really heard, and what stands in its place. Told by the media layer, kept
// per recording as a map (the sidecar). A value; any thread.

#include <cstdint>
#include <string_view>

namespace record {

enum class Kind : std::uint8_t {
  received,  // as it was sent
  repaired,  // made up for packets that were lost: concealment, or the redundancy of the codec
  lost,      // silence in the place of packets that were lost
  silent,    // silence where the party sent nothing: silence suppression, mute, a party that is gone
  noise,     // comfort noise that the party asked for (RFC 3389)
  held,      // silence while the call was on hold
  paused,    // the client paused the recording
  overrun,   // lost because the writer fell behind
  absent,    // of a participant recorded apart: silence while it was not in the conference
};

inline constexpr std::size_t kKinds = 9;

constexpr std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::received:
      return "received";
    case Kind::repaired:
      return "repaired";
    case Kind::lost:
      return "lost";
    case Kind::silent:
      return "silent";
    case Kind::noise:
      return "noise";
    case Kind::held:
      return "held";
    case Kind::paused:
      return "paused";
    case Kind::overrun:
      return "overrun";
    case Kind::absent:
      return "absent";
  }
  return "received";
}

}  // namespace record
