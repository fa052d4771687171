#include "record/loudness.hpp"

#include <algorithm>
#include <cmath>

namespace record {
namespace {

constexpr double kTarget = -23;      // LUFS
constexpr double kHighestPeak = -1;  // dBTP
constexpr double kMostGain = 30;     // dB

std::optional<double> finite(double value) { return std::isfinite(value) ? std::optional(value) : std::nullopt; }

}  // namespace

double gain_for(std::optional<double> lufs, std::optional<double> true_peak_db) {
  if (!lufs) return 0;
  const double room = true_peak_db ? kHighestPeak - *true_peak_db : kMostGain;
  return std::min({kTarget - *lufs, room, kMostGain});
}

base::Result<std::unique_ptr<LoudnessMeter>> LoudnessMeter::open(const AudioFormat& audio) {
  State state(ebur128_init(static_cast<unsigned>(audio.channels), audio.rate,
                           EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK | EBUR128_MODE_HISTOGRAM));
  if (!state) return base::Error{base::Kind::no_resources, "measure loudness: no memory"};
  return std::unique_ptr<LoudnessMeter>(new LoudnessMeter(std::move(state), audio.channels));
}

base::Result<void> LoudnessMeter::add(std::span<const std::int16_t> interleaved) {
  const std::size_t frames = interleaved.size() / static_cast<std::size_t>(channels_);
  if (ebur128_add_frames_short(state_.get(), interleaved.data(), frames) != EBUR128_SUCCESS) {
    return base::Error{base::Kind::no_resources, "measure loudness: no memory"};
  }
  return {};
}

Normalisation LoudnessMeter::result() const {
  Normalisation result;
  double value = 0;
  if (ebur128_loudness_global(state_.get(), &value) == EBUR128_SUCCESS) result.lufs = finite(value);
  double peak = 0;
  for (int channel = 0; channel < channels_; ++channel) {
    if (ebur128_true_peak(state_.get(), static_cast<unsigned>(channel), &value) == EBUR128_SUCCESS) {
      peak = std::max(peak, value);
    }
  }
  result.true_peak_db = finite(20 * std::log10(peak));
  result.gain_db = gain_for(result.lufs, result.true_peak_db);
  return result;
}

}  // namespace record
