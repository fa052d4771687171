// GSM: 06.10 full rate, frames of 33 bytes for 20 ms, RFC 3551 §4.5.8. By libgsm.
#include <algorithm>
#include <array>
#include <gsm.h>

#include "codec/codec.hpp"

namespace codec::gsm {
namespace {

constexpr std::size_t kFrameBytes = sizeof(gsm_frame);
constexpr std::size_t kFrameSamples = 160;
constexpr std::chrono::milliseconds kFrameTime{20};

struct Destroy {
  void operator()(gsm_state* state) const { gsm_destroy(state); }
};
using State = std::unique_ptr<gsm_state, Destroy>;

class Decoder final : public codec::Decoder {
 public:
  std::size_t decode(std::span<const std::uint8_t> payload, std::span<std::int16_t> out) override {
    std::size_t written = 0;
    while (payload.size() >= kFrameBytes && written < out.size()) {
      std::array<gsm_byte, kFrameBytes> frame;  // libgsm takes no const
      std::copy_n(payload.begin(), kFrameBytes, frame.begin());
      payload = payload.subspan(kFrameBytes);
      std::array<gsm_signal, kFrameSamples> pcm;
      // Without its signature it is no frame: silence, so that the others keep their places.
      if (gsm_decode(state_.get(), frame.data(), pcm.data()) != 0) pcm.fill(0);
      const auto count = std::min(kFrameSamples, out.size() - written);
      std::copy_n(pcm.begin(), count, out.begin() + static_cast<std::ptrdiff_t>(written));
      written += count;
    }
    return written;
  }

 private:
  State state_{gsm_create()};
};

class Encoder final : public codec::Encoder {
 public:
  std::size_t encode(std::span<const std::int16_t> pcm, std::span<std::uint8_t> out) override {
    std::size_t written = 0;
    for (; pcm.size() >= kFrameSamples && out.size() - written >= kFrameBytes; pcm = pcm.subspan(kFrameSamples)) {
      std::array<gsm_signal, kFrameSamples> frame;
      std::copy_n(pcm.begin(), kFrameSamples, frame.begin());
      gsm_encode(state_.get(), frame.data(), &out[written]);
      written += kFrameBytes;
    }
    return written;
  }

 private:
  State state_{gsm_create()};
};

class Codec final : public codec::Codec {
 public:
  std::string_view name() const override { return "GSM"; }
  std::uint32_t rtp_clock() const override { return 8000; }
  std::uint32_t sample_rate(std::string_view /*fmtp*/) const override { return 8000; }
  int static_payload_type() const override { return 3; }
  int preference() const override { return 50; }
  std::uint32_t duration(std::span<const std::uint8_t> payload) const override {
    if (payload.size() % kFrameBytes != 0) return 0;
    return static_cast<std::uint32_t>(payload.size() / kFrameBytes * kFrameSamples);
  }
  std::chrono::milliseconds packet_time(std::chrono::milliseconds wanted) const override {
    return std::max(wanted / kFrameTime, decltype(wanted / kFrameTime){1}) * kFrameTime;
  }
  std::unique_ptr<codec::Decoder> make_decoder(std::string_view /*fmtp*/) const override {
    return std::make_unique<Decoder>();
  }
  std::unique_ptr<codec::Encoder> make_encoder(std::string_view /*fmtp*/) const override {
    return std::make_unique<Encoder>();
  }
};

}  // namespace

std::span<const codec::Codec* const> codecs() {
  static const Codec instance;
  static const std::array<const codec::Codec*, 1> all = {&instance};
  return all;
}

}  // namespace codec::gsm
