#pragma once
// Tags as FLAC, Ogg Opus and Ogg Vorbis hold them: a Vorbis comment (Vorbis I §5.2.1, without its framing bit). TITLE,
// DATE, ENCODER, CALL_ID, COMPONENT_ID, FROM, TO, CHANNELS, STARTED. Pure functions.

#include <cstdint>
#include <string_view>
#include <vector>

#include "record/formats/format.hpp"

namespace record {

// `vendor`: the library that encodes.
std::vector<std::uint8_t> comment_block(const Tags& tags, std::string_view vendor);

}  // namespace record
