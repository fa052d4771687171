// Any description that parses can be answered or is refused, and what we print of it parses again to the same text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sdp/negotiation.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// What comes out must go in again, and come out the same.
void check_round_trip(const sdp::Session& session) {
  const std::string text = sdp::print(session);
  if (text.size() > sdp::kMaxSize) return;
  const auto again = sdp::parse(text);
  require(static_cast<bool>(again));
  require(sdp::print(*again) == text);
  require(again->media.size() == session.media.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto offer = sdp::parse({reinterpret_cast<const char*>(data), size});
  if (!offer) return 0;
  check_round_trip(*offer);

  sdp::Local local;
  local.address = "127.0.0.1";
  local.rtp_port = 20000;
  local.rtcp_port = 20001;
  local.codecs = {{"PCMU", 8000, 1, 0, ""},
                  {"PCMA", 8000, 1, 8, ""},
                  {"opus", 48000, 2, 96, "useinbandfec=1"},
                  {"G722", 8000, 1, 9, ""}};
  local.also_accepted = {{"L16", 16000, 1, 0, ""}, {"L16", 44100, 2, 0, ""}};
  local.sample_rate = [](const sdp::CodecChoice& choice) -> std::uint32_t {
    return choice.name == "G722" ? 16000 : choice.clock;
  };
  if (const auto answered = sdp::answer(*offer, local)) {
    require(answered->answer.media.size() == offer->media.size());
    require(answered->agreed.ptime.count() >= 10 && answered->agreed.ptime.count() <= 60);
    for (const auto& also : answered->agreed.also_receivable) {
      require(also.sample_rate == answered->agreed.codec.sample_rate && also.clock == answered->agreed.codec.clock);
    }
    check_round_trip(answered->answer);
  }
  const sdp::Session ours = sdp::make_offer(local);
  if (const auto agreed = sdp::accept(ours, *offer, local)) require(agreed->remote_rtp_port != 0);
  return 0;
}
