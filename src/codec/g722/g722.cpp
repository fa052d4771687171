// G722: 16 kHz in 64 kbit/s, RFC 3551 §4.5.2. Its RTP clock is 8000 Hz by an old mistake that became the rule; one byte
// is one tick of it and two samples. The encoder is spandsp's.
#include <algorithm>
#include <array>
#include <spandsp.h>

#include "codec/g722/decoder.hpp"

namespace codec::g722 {
namespace {

constexpr int kBitRate = 64000;
constexpr std::size_t kSamplesPerByte = 2;

class Encoder final : public codec::Encoder {
 public:
  std::size_t encode(std::span<const std::int16_t> pcm, std::span<std::uint8_t> out) override {
    const auto bytes = std::min(pcm.size() / kSamplesPerByte, out.size());
    return static_cast<std::size_t>(
        g722_encode(state_.get(), out.data(), pcm.data(), static_cast<int>(bytes * kSamplesPerByte)));
  }

 private:
  struct Free {
    void operator()(g722_encode_state_t* state) const { g722_encode_free(state); }
  };
  std::unique_ptr<g722_encode_state_t, Free> state_{g722_encode_init(nullptr, kBitRate, 0)};
};

class Codec final : public codec::Codec {
 public:
  std::string_view name() const override { return "G722"; }
  std::uint32_t rtp_clock() const override { return 8000; }
  std::uint32_t sample_rate(std::string_view /*fmtp*/) const override { return 16000; }
  int static_payload_type() const override { return 9; }
  int preference() const override { return 40; }
  std::uint32_t duration(std::span<const std::uint8_t> payload) const override {
    return static_cast<std::uint32_t>(payload.size());
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

}  // namespace codec::g722
