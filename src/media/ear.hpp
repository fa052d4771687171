#pragma once
// What a party hears: the sum of those it is joined to and of what is played to it, limited; by its place, for the
// packets to be sent and for a recording of it. The recording hears it at the timeline's rate, also where the codec
// that is sent with has a lower one. Owned by a media worker; only the constructor and changes of rate allocate.
//
//   wires, bridges, outputs ─▶ Sum ─▶ Limiter ─▶ heard (timeline's rate) ─▶ recv of recordings
//                                                  └─▶ outgoing (codec's rate) ─▶ Sender

#include <optional>

#include "media/lane.hpp"
#include "media/limiter.hpp"
#include "media/rate_change.hpp"

namespace media {

class Ear {
 public:
  Ear(std::uint32_t rate, std::uint32_t send_rate) : heard_(rate, kUnsent) { change_rate(rate, send_rate); }

  // Either rate, or both. Allocates.
  void change_rate(std::uint32_t rate, std::uint32_t send_rate);

  // How long after it was sent a recording may ask for it; nothing: there is none. Without one next to nothing is kept:
  // a thousand members of a conference stay in the caches. Allocates.
  void keep(std::optional<std::chrono::milliseconds> kept) { heard_.change_length(kept.value_or(kUnsent)); }

  Sum& sum() { return sum_; }
  // The sum is complete: `at` is where it belongs on the timeline, `send_at` and `send_samples` where on that of what
  // is sent.
  void finish(Position at, Position send_at, std::size_t send_samples);

  void read_heard(Position at, std::span<std::int16_t> out) const { heard_.read(at, out); }
  const Lane& outgoing() const { return outgoing_ ? *outgoing_ : heard_; }

 private:
  static constexpr std::chrono::milliseconds kUnsent{400};  // the sender may be behind by less

  Sum sum_;
  Limiter limiter_;
  Lane heard_;
  RateChange down_;
  std::optional<Lane> outgoing_;  // where the rates differ
  std::array<std::int16_t, kMaxFrame> frame_, narrow_;
};

}  // namespace media
