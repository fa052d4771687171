#include "media/warp.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

namespace media {
namespace {

constexpr std::uint64_t kOne = audio::Interpolator::kOne;
// When the correction ends between two samples, the rest of the way to the next is made this slowly.
constexpr double kLanding = 100e-6;

}  // namespace

// 32.32 fixed point.
std::uint64_t Warp::step(double correction) const {
  if (correction == 0 && fraction_ != 0) correction = fraction_ < kOne / 2 ? -kLanding : kLanding;
  return static_cast<std::uint64_t>(std::llround((1 + correction) * static_cast<double>(kOne)));
}

Position Warp::media_position(Position at) const {
  return media_ + std::llround(static_cast<double>(at - cursor_) * rate_);
}

Position Warp::needed_end(std::size_t samples, double correction) const {
  const auto span = static_cast<Position>((fraction_ + step(correction) * static_cast<std::uint64_t>(samples)) >> 32);
  return media_ + span + kReach + 1;
}

// Buffers the source up to `needed_end` (exclusive), dropping what lies behind.
void Warp::prepare(Position needed_end) {
  const Position keep = media_ - kReach + 1;
  if (keep > begin_) {
    const auto drop = std::min(size_, static_cast<std::size_t>(keep - begin_));
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(drop), buffer_.begin() + static_cast<std::ptrdiff_t>(size_),
              buffer_.begin());
    std::copy(kinds_.begin() + static_cast<std::ptrdiff_t>(drop), kinds_.begin() + static_cast<std::ptrdiff_t>(size_),
              kinds_.begin());
    size_ -= drop;
    begin_ += static_cast<Position>(drop);
  }
  const Position end = begin_ + static_cast<Position>(size_);
  if (needed_end <= end) return;
  const auto count = static_cast<std::size_t>(needed_end - end);
  assert(size_ + count <= kRoom);
  Origins origins;
  source_.render({&buffer_[size_], count}, origins);
  origins.write({&kinds_[size_], count});
  size_ += count;
  relabel(source_.take_lost_before());
}

// The newest silence first; what has left already is told to whom it may concern.
void Warp::relabel(Position lost) {
  for (std::size_t i = size_; lost > 0 && i > static_cast<std::size_t>(media_ - begin_); --i) {
    if (kinds_[i - 1] != Kind::silent) continue;
    kinds_[i - 1] = Kind::lost;
    --lost;
  }
  lost_before_ += lost;
}

void Warp::render(std::span<std::int16_t> out, std::span<Kind> kinds, double correction) {
  std::uint64_t step = this->step(correction);
  const auto count = static_cast<Position>(out.size());
  prepare(needed_end(out.size(), correction));
  const audio::Interpolator& between = audio::Interpolator::instance();
  const bool landing = correction == 0;
  std::size_t i = 0;
  for (; i < out.size(); ++i) {
    if (fraction_ == 0 && step == kOne) break;
    const auto index = static_cast<std::size_t>(media_ - begin_);
    out[i] = between(&buffer_[index], fraction_);
    kinds[i] = kinds_[index];
    const std::uint64_t next = fraction_ + step;
    media_ += static_cast<Position>(next >> 32);
    const auto fraction = static_cast<std::uint32_t>(next);
    if (landing && (step > kOne ? fraction < fraction_ : fraction > fraction_)) {
      // It has passed the sample that it made for.
      if (step < kOne) ++media_;
      fraction_ = 0;
      step = kOne;
    } else {
      fraction_ = fraction;
    }
  }
  if (i < out.size()) {
    const auto index = media_ - begin_;
    const std::size_t rest = out.size() - i;
    std::copy_n(buffer_.begin() + index, rest, out.begin() + static_cast<std::ptrdiff_t>(i));
    std::copy_n(kinds_.begin() + index, rest, kinds.begin() + static_cast<std::ptrdiff_t>(i));
    media_ += static_cast<Position>(rest);
  }
  cursor_ += count;
  rate_ = static_cast<double>(step) / static_cast<double>(kOne);
}

void Warp::skip(std::size_t samples, double correction) {
  // Nobody hears the landing: it is made at once.
  if (correction == 0) {
    media_ += fraction_ >= kOne / 2 ? 1 : 0;
    fraction_ = 0;
  }
  const double moved = static_cast<double>(samples) * (1 + correction) + static_cast<double>(fraction_) * 0x1p-32;
  const double whole = std::floor(moved);
  media_ += static_cast<Position>(whole);
  fraction_ = correction == 0 ? 0 : static_cast<std::uint32_t>((moved - whole) * 0x1p32);
  cursor_ += static_cast<Position>(samples);
  rate_ = 1 + correction;
  // History and look-ahead begin anew, as silence up to the source's cursor.
  const Position ahead = media_ + kReach - source_.cursor();
  if (ahead > 0) source_.skip(static_cast<std::size_t>(ahead));
  begin_ = media_ - kReach + 1;
  size_ = static_cast<std::size_t>(source_.cursor() - begin_);
  std::fill_n(buffer_.begin(), size_, std::int16_t{0});
  std::fill_n(kinds_.begin(), size_, Kind::silent);
}

void Warp::change_rate(std::uint32_t from, std::uint32_t to) {
  const auto at = [&](Position position) { return scaled(position, from, to); };
  // By straight lines: it is two thousandths of a second.
  const std::vector<std::int16_t> old(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size_));
  const std::vector<Kind> old_kinds(kinds_.begin(), kinds_.begin() + static_cast<std::ptrdiff_t>(size_));
  const Position old_begin = begin_;
  const double exact = static_cast<double>(fraction_) * 0x1p-32 * to / from;
  cursor_ = at(cursor_);
  media_ = at(media_) + static_cast<Position>(exact);
  fraction_ = static_cast<std::uint32_t>((exact - std::floor(exact)) * 0x1p32);
  begin_ = media_ - kReach + 1;
  size_ = static_cast<std::size_t>(std::max<Position>(source_.cursor() - begin_, 0));
  assert(size_ <= kRoom);
  for (std::size_t i = 0; i < size_; ++i) {
    const double place =
        static_cast<double>(begin_ + static_cast<Position>(i)) * from / to - static_cast<double>(old_begin);
    const auto last = static_cast<double>(old.size() - 1);
    const auto low = static_cast<std::size_t>(std::clamp(std::floor(place), 0.0, last));
    const std::size_t high = std::min(low + 1, old.size() - 1);
    const double rest = std::clamp(place - static_cast<double>(low), 0.0, 1.0);
    buffer_[i] = static_cast<std::int16_t>(std::lround(old[low] + rest * (old[high] - old[low])));
    kinds_[i] = old_kinds[low];
  }
}

}  // namespace media
