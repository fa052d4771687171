#pragma once
// The tag at the start of an mp3 file: ID3v2.4 in UTF-8 (https://id3.org/id3v2.4.0-structure). TIT2, TDRC, TSSE, and a
// TXXX for each of what ID3 has no frame for: call-id, component-id, from, to, channels, started. A pure function.

#include <cstdint>
#include <vector>

#include "record/formats/format.hpp"

namespace record::mp3 {

// Empty if nothing is known.
std::vector<std::uint8_t> id3_tag(const Tags& tags);

}  // namespace record::mp3
