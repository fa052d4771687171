#pragma once
// The codecs that are built in, as SDP speaks of them. Any thread.

#include "codec/codec.hpp"
#include "sdp/negotiation.hpp"

namespace call {

// What can be offered and what is accepted besides, best first, and what the codecs make of a peer's parameters.
void add_local_codecs(sdp::Local& local);

// The plug-in behind what was agreed on; null if there is none.
const codec::Codec* codec_of(const sdp::CodecChoice& choice);

}  // namespace call
