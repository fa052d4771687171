#pragma once
// The codecs that are built in, as SDP names them, best first.

#include <algorithm>
#include <string>
#include <vector>

#include "codec/codec.hpp"
#include "sdp/negotiation.hpp"

namespace call {

inline std::vector<sdp::CodecChoice> local_codecs() {
  std::vector<const codec::Codec*> all(codec::codecs().begin(), codec::codecs().end());
  std::ranges::sort(all, {}, [](const codec::Codec* codec) { return codec->preference(); });
  std::vector<sdp::CodecChoice> choices;
  std::uint8_t dynamic = 96;
  for (const codec::Codec* codec : all) {
    sdp::CodecChoice choice;
    choice.name = codec->name();
    choice.clock = codec->rtp_clock();
    choice.payload_type =
        codec->static_payload_type() >= 0 ? static_cast<std::uint8_t>(codec->static_payload_type()) : dynamic++;
    choices.push_back(choice);
  }
  return choices;
}

}  // namespace call
