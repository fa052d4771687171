#include "call/local_codecs.hpp"

#include <algorithm>
#include <vector>

namespace call {

const codec::Codec* codec_of(const sdp::CodecChoice& choice) {
  return codec::find(choice.name, choice.clock, choice.channels);
}

void add_local_codecs(sdp::Local& local) {
  std::vector<const codec::Codec*> all(codec::codecs().begin(), codec::codecs().end());
  std::ranges::stable_sort(all, {}, [](const codec::Codec* codec) { return codec->preference(); });
  std::uint8_t dynamic = 96;
  for (const codec::Codec* codec : all) {
    sdp::CodecChoice choice;
    choice.name = codec->name();
    choice.clock = codec->rtp_clock();
    choice.channels = static_cast<std::uint8_t>(codec->channels());
    choice.fmtp = codec->fmtp();
    if (codec->preference() < 0) {
      local.also_accepted.push_back(std::move(choice));
      continue;
    }
    choice.payload_type =
        codec->static_payload_type() >= 0 ? static_cast<std::uint8_t>(codec->static_payload_type()) : dynamic++;
    local.codecs.push_back(std::move(choice));
  }
  local.sample_rate = [](const sdp::CodecChoice& choice) -> std::uint32_t {
    const codec::Codec* codec = codec_of(choice);
    return codec != nullptr ? codec->sample_rate(choice.fmtp) : 0;
  };
  local.packet_time = [](const sdp::CodecChoice& choice, std::chrono::milliseconds wanted) {
    const codec::Codec* codec = codec_of(choice);
    return codec != nullptr ? codec->packet_time(wanted) : wanted;
  };
}

}  // namespace call
