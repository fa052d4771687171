#pragma once
// ITU-T G.722 at 64 kbit/s: two sub-band ADPCM decoders and the filter that puts their bands together. Our own, because
// spandsp's wraps round where a loud signal should clip. Names are the Recommendation's (§6.2). Owned by whoever
// decodes; never allocates.

#include <array>
#include <cstdint>

#include "codec/codec.hpp"

namespace codec::g722 {

// The adaptive predictor of one band (§6.2.1.3 blocks RECONS to PREDIC) and its scale factor.
class Band {
 public:
  explicit Band(int detail) : det_(detail) {}

  // What the band is expected to be.
  int predicted() const { return s_; }
  int scale() const { return det_; }
  // The quantised difference that came.
  void adapt(int difference);
  // `step`: by how much the logarithmic scale factor moves; `most`: how far; `shift`: of the band.
  void rescale(int step, int most, int shift);

 private:
  int s_ = 0, sz_ = 0;
  std::array<int, 3> r_{}, p_{}, a_{};  // of the pole section, [0] unused in a_
  std::array<int, 7> d_{}, b_{};        // of the zero section, likewise
  int nb_ = 0;                          // logarithmic scale factor
  int det_;
};

class Decoder final : public codec::Decoder {
 public:
  std::size_t decode(std::span<const std::uint8_t> payload, std::span<std::int16_t> out) override;
  void restart() override { *this = Decoder(); }

 private:
  int decode_low(int code);
  int decode_high(int code);

  Band low_{32}, high_{8};
  std::array<int, 24> x_{};  // of the receive QMF
};

}  // namespace codec::g722
