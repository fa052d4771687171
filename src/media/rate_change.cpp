#include "media/rate_change.hpp"

#include <algorithm>
#include <new>

#include "media/timeline.hpp"

namespace media {
namespace {

// Of speexdsp's: 80 taps, flat up to 90 % of the band, 80 dB down outside; 5 ms at 8 kHz.
constexpr int kQuality = 5;
constexpr int kThorough = 8;  // where delay does not matter

SpeexResamplerState* opened(std::uint32_t from, std::uint32_t to, int quality) {
  SpeexResamplerState* const state = speex_resampler_init(1, from, to, quality, nullptr);
  if (state == nullptr) throw std::bad_alloc();
  return state;
}

}  // namespace

void RateChange::configure(std::uint32_t from, std::uint32_t to) {
  if (from == from_ && to == to_) return;
  from_ = from;
  to_ = to;
  down_.reset();
  delay_ = 0;
  if (from < to) {
    up_.configure(from, to);
    delay_ = static_cast<std::size_t>(scaled(audio::Interpolator::kReach, from, to)) + kSlack;
  } else if (from > to) {
    down_.reset(opened(from, to, kQuality));
    delay_ = static_cast<std::size_t>(speex_resampler_get_output_latency(down_.get())) + kSlack;
  }
  restart();
}

void RateChange::restart() {
  up_.restart();
  if (down_) speex_resampler_reset_mem(down_.get());
  size_ = from_ == to_ ? 0 : kSlack;
  std::fill_n(ready_.begin(), size_, std::int16_t{0});
}

void RateChange::process(std::span<const std::int16_t> in, std::span<std::int16_t> out) {
  if (from_ == to_ && in.size() == out.size()) {
    std::copy(in.begin(), in.end(), out.begin());
    return;
  }
  const std::span<std::int16_t> room(ready_.data() + size_, ready_.size() - size_);
  if (from_ < to_) {
    size_ += up_.process(in, room);
  } else if (from_ > to_) {
    auto taken = static_cast<spx_uint32_t>(in.size()), made = static_cast<spx_uint32_t>(room.size());
    speex_resampler_process_int(down_.get(), 0, in.data(), &taken, room.data(), &made);
    size_ += made;
  } else {
    const std::size_t count = std::min(in.size(), room.size());
    std::copy_n(in.begin(), count, room.begin());
    size_ += count;
  }
  const std::size_t count = std::min(out.size(), size_);
  std::copy_n(ready_.begin(), count, out.begin());
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(count), out.end(), count > 0 ? out[count - 1] : std::int16_t{0});
  // More than the rounding can have left over: it does not belong to a frame.
  const std::size_t kept = std::min(size_ - count, 2 * kSlack);
  std::copy_n(ready_.begin() + static_cast<std::ptrdiff_t>(size_ - kept), kept, ready_.begin());
  size_ = kept;
}

std::vector<float> raised(std::span<const float> samples, std::uint32_t from, std::uint32_t to) {
  const std::unique_ptr<SpeexResamplerState, decltype(&speex_resampler_destroy)> state(opened(from, to, kThorough),
                                                                                       &speex_resampler_destroy);
  speex_resampler_skip_zeros(state.get());
  std::vector<float> in(samples.begin(), samples.end());
  in.resize(in.size() + static_cast<std::size_t>(speex_resampler_get_input_latency(state.get())) + 1);
  std::vector<float> out(static_cast<std::size_t>(scaled(static_cast<Position>(in.size()), from, to)) + 64);
  auto taken = static_cast<spx_uint32_t>(in.size()), made = static_cast<spx_uint32_t>(out.size());
  speex_resampler_process_float(state.get(), 0, in.data(), &taken, out.data(), &made);
  out.resize(made);
  out.resize(static_cast<std::size_t>(scaled(static_cast<Position>(samples.size()), from, to)));
  return out;
}

}  // namespace media
