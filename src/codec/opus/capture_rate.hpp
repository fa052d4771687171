#pragma once
// What an Opus sender says of itself in SDP. Pure, any thread.

#include <cstdint>
#include <string_view>

namespace codec::opus {

// The rate that holds all it will send, Hz: the smallest of Opus's that is not below sprop-maxcapturerate (RFC 7587
// §6.1), 48000 if it does not tell.
std::uint32_t capture_rate(std::string_view fmtp);

}  // namespace codec::opus
