#include "media/anchor.hpp"

#include <algorithm>

namespace media {
namespace {

constexpr int kLateRun = 5;    // packets in a row, too late by the same amount: the source's clock has stood still
constexpr int kWatched = 250;  // packets; 5 s at 20 ms

}  // namespace

Position Anchor::place(const Packet& packet, Position floor) {
  if (!timestamp_) {
    if (begun_) ++resyncs_;
    begun_ = true;
    timestamp_ = packet.timestamp;
    set(packet, after_newest(packet, floor));
    return *timestamp_ + offset_;
  }
  const std::int64_t timestamp =
      *timestamp_ + static_cast<std::int32_t>(packet.timestamp - static_cast<std::uint32_t>(*timestamp_));
  if (!packet.newest) return timestamp + offset_;
  const bool backward = timestamp < *timestamp_;
  timestamp_ = timestamp;
  const Position lateness = packet.arrival - (timestamp + offset_ + packet.duration);
  if (disagrees(packet, lateness, backward)) {
    ++resyncs_;
    set(packet, after_newest(packet, floor));
  } else {
    watch(lateness);
  }
  newest_end_ = timestamp + offset_ + packet.duration;
  return timestamp + offset_;
}

// Behind the audio that is waiting already, if that is not far ahead of its time itself.
Position Anchor::after_newest(const Packet& packet, Position floor) const {
  return std::max(floor, std::min(newest_end_, packet.arrival + options_.depth / 4));
}

// A packet ends where it arrived; but not so far back that its beginning would be lost.
void Anchor::set(const Packet& packet, Position floor) {
  const Position position = std::max(packet.arrival - packet.duration, floor);
  offset_ = position - *timestamp_;
  newest_end_ = position + packet.duration;
  late_run_ = watched_ = 0;
  drifted_ = false;
}

bool Anchor::disagrees(const Packet& packet, Position lateness, bool backward) {
  if (drifted_) return true;
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

// The path became longer, or the clocks run apart: no packet of many was where it should be.
void Anchor::watch(Position lateness) {
  if (watched_ == 0) least_ = most_ = lateness;
  least_ = std::min(least_, lateness);
  most_ = std::max(most_, lateness);
  if (++watched_ < kWatched) return;
  watched_ = 0;
  drifted_ = least_ > options_.depth / 2 || most_ < -options_.depth / 2;
}

}  // namespace media
