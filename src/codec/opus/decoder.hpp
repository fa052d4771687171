#pragma once
// One Opus stream's decoder: mono at a rate of Opus's, with its own concealment and with what packets carry of the one
// before them (RFC 6716 §4.2.5, LBRR). Owned by whoever decodes; never allocates after construction.

#include <array>
#include <opus.h>

#include "codec/codec.hpp"

namespace codec::opus {

// Samples at `rate` in a payload; 0 if it is malformed, which is also what lasts longer than 120 ms.
std::uint32_t payload_samples(std::span<const std::uint8_t> payload, std::uint32_t rate);
// Whether it carries the frame before its own.
bool has_redundancy(std::span<const std::uint8_t> payload);

class Decoder final : public codec::Decoder {
 public:
  explicit Decoder(std::uint32_t rate);

  std::size_t decode(std::span<const std::uint8_t> payload, std::span<std::int16_t> out) override;
  void restart() override;
  std::size_t conceal(std::span<std::int16_t> out) override;
  std::size_t recover(std::span<const std::uint8_t> next, std::span<std::int16_t> out) override;

 private:
  static constexpr std::size_t kLongest = 5760;  // samples: 120 ms at 48 kHz

  std::size_t run(std::span<const std::uint8_t> payload, std::size_t samples, bool redundancy);

  struct Destroy {
    void operator()(OpusDecoder* state) const { opus_decoder_destroy(state); }
  };
  std::unique_ptr<OpusDecoder, Destroy> state_;
  const std::uint32_t rate_;
  std::size_t step_;       // samples that are concealed at once
  bool was_celt_ = false;  // the last packet was of the music half of Opus, which knows no redundancy
  // What libopus gave; [begin_, end_) is concealment that was not asked for yet.
  std::array<std::int16_t, kLongest> block_;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace codec::opus
