#pragma once
// Loudness by EBU R 128 (ITU-R BS.1770), and the one gain that brings a recording to it. Owned by one thread.

#include <cstdint>
#include <ebur128.h>
#include <memory>
#include <optional>
#include <span>

#include "base/result.hpp"
#include "record/formats/format.hpp"

namespace record {

struct Normalisation {
  // As measured; nothing: silence.
  std::optional<double> lufs;          // integrated
  std::optional<double> true_peak_db;  // dBTP, of the loudest channel
  double gain_db = 0;                  // for all channels
};

// To -23 LUFS, but no true peak above -1 dBTP, and no more than 30 dB up, which would make speech of a line's noise.
double gain_for(std::optional<double> lufs, std::optional<double> true_peak_db);

class LoudnessMeter {
 public:
  static base::Result<std::unique_ptr<LoudnessMeter>> open(const AudioFormat& audio);

  base::Result<void> add(std::span<const std::int16_t> interleaved);
  Normalisation result() const;

 private:
  struct Close {
    void operator()(ebur128_state* state) const { ebur128_destroy(&state); }
  };
  using State = std::unique_ptr<ebur128_state, Close>;

  LoudnessMeter(State state, int channels) : state_(std::move(state)), channels_(channels) {}

  const State state_;
  const int channels_;
};

}  // namespace record
