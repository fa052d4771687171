#pragma once
// Lays the media timeline, which goes by the sender's clock, onto the stream's, which goes by ours. While both clocks
// agree audio passes bit by bit; where Drift says that they do not, it is resampled by the parts in a million that they
// differ by. Owned by a media worker; never allocates in render() and skip().
//
//   Playout (media timeline) ─▶ [history | frame | look-ahead] ─▶ copy, or interpolate ─▶ frame (stream's timeline)

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "audio/interpolator.hpp"
#include "media/frame.hpp"
#include "media/playout.hpp"

namespace media {

class Warp {
 public:
  explicit Warp(Playout& source) : source_(source) {}

  // The next out.size() samples (at most kMaxFrame) of the stream's timeline. `correction`: see Drift.
  void render(std::span<std::int16_t> out, std::span<Kind> kinds, double correction);
  void skip(std::size_t samples, double correction);
  // All positions, and what is buffered, at the new rate; the source's rate has changed already. Allocates.
  void change_rate(std::uint32_t from, std::uint32_t to);

  Position cursor() const { return cursor_; }
  // The same place on the media timeline.
  Position media() const { return media_; }
  // See Playout: what is buffered moves up.
  void shorten_loss(Position length) {
    source_.shorten_loss(length);
    media_ += length;
    begin_ += length;
  }
  // How far the media timeline will be read for the next samples (exclusive).
  Position needed_end(std::size_t samples, double correction) const;
  // Silence before the last frame that has turned out to be loss, in samples; since the last call.
  Position take_lost_before() { return std::exchange(lost_before_, 0); }
  // Where on the media timeline something belongs that happens at a place of the stream's, not before cursor().
  Position media_position(Position at) const;

 private:
  static constexpr auto kReach = static_cast<Position>(audio::Interpolator::kReach);
  static constexpr std::size_t kRoom = 2 * kMaxFrame;

  std::uint64_t step(double correction) const;
  void prepare(Position needed_end);
  void relabel(Position lost);

  Playout& source_;
  Position cursor_ = 0;         // on the stream's timeline
  Position media_ = 0;          // the same place on the media timeline: whole …
  std::uint32_t fraction_ = 0;  // … and its fraction
  double rate_ = 1;             // media samples a sample, of the last frame
  Position lost_before_ = 0;

  // The media timeline from begin_ on, size_ samples. begin_ <= media_ - kReach + 1.
  std::array<std::int16_t, kRoom> buffer_{};
  std::array<Kind, kRoom> kinds_{};
  Position begin_ = -kReach;
  std::size_t size_ = audio::Interpolator::kReach;
};

}  // namespace media
