#include "media/player.hpp"

#include <algorithm>

#include "audio/beep.hpp"

namespace media {
namespace {

constexpr std::chrono::milliseconds kPad{40};

}  // namespace

Player::Player(const Timeline& timeline)
    : beep_(audio::make_beep(timeline.rate)), pad_(timeline.samples(kPad)), rate_(timeline.rate) {}

void Player::change_rate(const Timeline& timeline) {
  const Position begin = scaled(queue_begin_, rate_, timeline.rate), end = scaled(queue_end_, rate_, timeline.rate);
  *this = Player(timeline);
  queue_begin_ = begin;
  queue_end_ = end;
}

Position Player::add_beep(Position now) {
  if (!is_playing(now)) queue_begin_ = queue_end_ = now;
  queue_end_ += pad_ + static_cast<Position>(beep_.size()) + pad_;
  return queue_end_ - pad_;
}

void Player::render(Position at, std::span<std::int16_t> out) const {
  if (!is_playing(at)) {
    std::fill(out.begin(), out.end(), std::int16_t{0});
    return;
  }
  const auto length = static_cast<Position>(beep_.size());
  const Position period = pad_ + length + pad_;
  for (std::int16_t& sample : out) {
    sample = 0;
    if (at >= queue_begin_ && at < queue_end_) {
      const Position in = (at - queue_begin_) % period - pad_;
      if (in >= 0 && in < length) sample = beep_[static_cast<std::size_t>(in)];
    }
    ++at;
  }
}

}  // namespace media
