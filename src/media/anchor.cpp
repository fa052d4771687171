#include "media/anchor.hpp"

#include <algorithm>
#include <utility>

namespace media {
namespace {

constexpr int kLateRun = 5;  // packets in a row, too late by the same amount: the source's clock has stood still

}  // namespace

Position Anchor::position(std::int64_t timestamp) const {
  const std::int64_t ticks = timestamp - reference_;
  const std::int64_t seconds = ticks / clock_, rest = ticks % clock_;
  return at_ + seconds * options_.rate + rest * options_.rate / clock_;
}

Position Anchor::place(const Packet& packet, Position floor) {
  lateness_.reset();
  if (!timestamp_) {
    timestamp_ = packet.timestamp;
    if (begun_) {
      ++resyncs_;
      begin_anew(packet, floor);
    } else {
      // What was said before the timeline began is no part of it: there is room to find the right place.
      begun_ = true;
      set(packet, packet.arrival - packet.duration - options_.depth);
    }
    return at_;
  }
  if (packet.clock != clock_ && packet.newest) {
    timestamp_ = packet.timestamp;
    begin_anew(packet, floor);
    return at_;
  }
  const std::int64_t timestamp =
      *timestamp_ + static_cast<std::int32_t>(packet.timestamp - static_cast<std::uint32_t>(*timestamp_));
  if (!packet.newest) return packet.clock == clock_ ? position(timestamp) : floor - packet.duration;
  const bool backward = timestamp < *timestamp_;
  timestamp_ = timestamp;
  const Position lateness = packet.arrival - (position(timestamp) + packet.duration);
  if (disagrees(packet, lateness, backward)) {
    ++resyncs_;
    begin_anew(packet, floor);
  } else {
    if (settles_at_) {
      settle(packet, lateness);
    } else {
      lateness_ = lateness;
    }
    newest_end_ = position(timestamp) + packet.duration;
  }
  return position(timestamp);
}

// Behind the audio that is waiting already, if that is not far ahead of its time itself.
Position Anchor::after_newest(const Packet& packet, Position floor) const {
  return std::max(floor, std::min(newest_end_, packet.arrival + options_.depth / 4));
}

// A packet ends where it arrived; but not so far back that its beginning would be lost.
void Anchor::set(const Packet& packet, Position floor) {
  reference_ = *timestamp_;
  clock_ = packet.clock;
  at_ = std::max(packet.arrival - packet.duration, floor);
  newest_end_ = at_ + packet.duration;
  late_run_ = 0;
  settles_at_.reset();
  settling_ = 0;
  room_ = at_ - floor;
  if (room_ > 0 && options_.settles) settles_at_ = packet.arrival + options_.depth * 3 / 4 - packet.duration;
}

// Another source, another row of timestamps, or another codec with another clock (RFC 7160): what follows without a
// break, as far as jitter lets one tell, goes on where the last packet ended.
void Anchor::begin_anew(const Packet& packet, Position floor) {
  const Position end = newest_end_;
  const Position off = packet.arrival - packet.duration - end;
  set(packet, after_newest(packet, floor));
  const Position seam = options_.rate / 100;  // 10 ms
  if (end < floor || off > seam || off < -seam) return;
  at_ = end;
  newest_end_ = at_ + packet.duration;
  settles_at_.reset();
}

// The first packet's own delay is unknown; the least late of the first ones is nearer to the truth.
void Anchor::settle(const Packet& packet, Position lateness) {
  settling_ = std::min(lateness, settling_);
  if (packet.arrival < *settles_at_) return;
  const bool is_played = packet.arrival > *settles_at_ + options_.depth / 4;
  settles_at_.reset();
  if (is_played) return;
  shift_ = {.from = at_, .by = std::max(settling_, -room_)};
  at_ += shift_.by;
}

Anchor::Shift Anchor::take_shift() { return std::exchange(shift_, {}); }

bool Anchor::disagrees(const Packet& packet, Position lateness, bool backward) {
  if (lateness < -options_.max_early) return true;
  // A new talkspurt whose timestamps did not count the pause.
  if ((packet.marker || backward) && lateness > options_.depth / 2) return true;
  if (lateness <= options_.depth) {
    late_run_ = 0;
    return false;
  }
  // What was held up on the way comes in a burst, each packet less late than the one before; that will pass.
  if (late_run_ == 0 || lateness < late_first_ - packet.duration || lateness > late_first_ + options_.depth) {
    late_run_ = 0;
    late_first_ = lateness;
  }
  return ++late_run_ >= kLateRun;
}

void Anchor::change_rate(Options options) {
  const std::uint32_t from = std::exchange(options_, options).rate;
  const auto scale = [&](Position position) { return scaled(position, from, options.rate); };
  at_ = scale(at_);
  newest_end_ = scale(newest_end_);
  room_ = scale(room_);
  shift_ = {.from = scale(shift_.from), .by = scale(shift_.by)};
  settling_ = scale(settling_);
  late_first_ = scale(late_first_);
  if (settles_at_) settles_at_ = scale(*settles_at_);
  lateness_.reset();
}

}  // namespace media
