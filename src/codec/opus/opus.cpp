// opus: RFC 6716 over RTP as RFC 7587 has it. Its RTP clock is 48 kHz whatever is sent, and its rtpmap says two
// channels though every packet tells itself whether it is mono or stereo. By libopus.
#include <algorithm>
#include <array>
#include <opus.h>

#include "codec/codec.hpp"
#include "codec/opus/capture_rate.hpp"
#include "codec/opus/decoder.hpp"

namespace codec::opus {
namespace {

constexpr std::uint32_t kClock = 48000;

// Speech, with redundancy for a network that loses one packet in ten.
class Encoder final : public codec::Encoder {
 public:
  explicit Encoder(std::uint32_t rate) {
    int error = OPUS_OK;
    state_.reset(opus_encoder_create(static_cast<opus_int32>(rate), 1, OPUS_APPLICATION_VOIP, &error));
    // About RFC 7587 §3.1.1's for speech; with less there would be no room for redundancy.
    opus_encoder_ctl(state_.get(), OPUS_SET_BITRATE(rate <= 12000 ? 20000 : rate <= 16000 ? 24000 : 32000));
    opus_encoder_ctl(state_.get(), OPUS_SET_INBAND_FEC(1));
    opus_encoder_ctl(state_.get(), OPUS_SET_PACKET_LOSS_PERC(10));
  }

  std::size_t encode(std::span<const std::int16_t> pcm, std::span<std::uint8_t> out) override {
    if (pcm.empty() || out.empty()) return 0;
    const auto size = opus_encode(state_.get(), pcm.data(), static_cast<int>(pcm.size()), out.data(),
                                  static_cast<opus_int32>(out.size()));
    return size > 0 ? static_cast<std::size_t>(size) : 0;
  }

 private:
  struct Destroy {
    void operator()(OpusEncoder* state) const { opus_encoder_destroy(state); }
  };
  std::unique_ptr<OpusEncoder, Destroy> state_;
};

class Codec final : public codec::Codec {
 public:
  std::string_view name() const override { return "opus"; }
  std::uint32_t rtp_clock() const override { return kClock; }
  int channels() const override { return 2; }
  std::uint32_t sample_rate(std::string_view fmtp) const override { return capture_rate(fmtp); }
  // What we receive: redundancy is made use of. Silence (usedtx) is not asked for, and mono is what is asked for if
  // nothing is said.
  std::string_view fmtp() const override { return "useinbandfec=1"; }
  int static_payload_type() const override { return -1; }
  int preference() const override { return 30; }
  std::uint32_t duration(std::span<const std::uint8_t> payload) const override {
    return payload_samples(payload, kClock);
  }
  std::chrono::milliseconds packet_time(std::chrono::milliseconds wanted) const override {
    constexpr std::array<std::chrono::milliseconds, 3> kLonger = {
        {std::chrono::milliseconds(20), std::chrono::milliseconds(40), std::chrono::milliseconds(60)}};
    std::chrono::milliseconds longest(10);
    for (const auto length : kLonger) {
      if (length <= wanted) longest = length;
    }
    return longest;
  }
  std::unique_ptr<codec::Decoder> make_decoder(std::string_view fmtp) const override {
    return std::make_unique<Decoder>(capture_rate(fmtp));
  }
  std::unique_ptr<codec::Encoder> make_encoder(std::string_view fmtp) const override {
    return std::make_unique<Encoder>(capture_rate(fmtp));
  }
};

}  // namespace

std::span<const codec::Codec* const> codecs() {
  static const Codec instance;
  static const std::array<const codec::Codec*, 1> all = {&instance};
  return all;
}

}  // namespace codec::opus
