#pragma once
// What a bridge records: the sum of its members as each of them would be recorded alone, 200 ms behind, so that late
// packets are in it; and what was played to all. Members deliver at their own pace; a frame is complete when the last
// of them has passed it. Exists only while the bridge is recorded. Owned by a media worker; only join(), the
// constructor and change_rate() allocate.
//
//   Stream::feed ─▶ Member: its rate raised, cut at join and leave to the sample ─┐
//   Outputs ──────────────────────────────────────────────────────────────────────┴▶ ring of sums ─▶ limiter ─▶ taps
//
// A frame's origin: received if any member's was, or something was played; else the worst of what happened: lost,
// repaired, noise, silent, held; silent without members. Silence that turns out to be loss only later stays silent.

#include <limits>
#include <memory>
#include <vector>

#include "audio/interpolator.hpp"
#include "media/limiter.hpp"
#include "media/stream.hpp"

namespace media {

class Mixdown {
 public:
  // `timeline` outlives it. Begins at the frame that holds `start`.
  Mixdown(const Timeline& timeline, Position start);
  ~Mixdown();

  void join(Stream& stream, Position from);
  void leave(Stream& stream, Position until);
  // Without what it has not delivered yet.
  void forget(Stream& stream);
  // It has left, and something that it said before is still to come.
  bool waits_for(const Stream& stream) const;
  // The timeline's rate has risen.
  void change_rate(std::uint32_t from);

  void play(Position at, std::span<const std::int32_t> audio);
  // Gives `take` the frames up to `until` that are complete.
  template <class Take>
  void advance(Position until, Take&& take) {
    const Position end = std::min(until, complete_until());
    while (done_ + size() <= end) take(next());
    drop_those_done();
  }
  Position done() const { return done_; }

 private:
  static constexpr Position kFrames = 200;  // 4 s: further apart than this after a stall, members lose audio
  static constexpr Position kOpen = std::numeric_limits<Position>::max();

  class Member final : public FrameSink {
   public:
    Member(Mixdown& mixdown, Stream& stream, Position from)
        : mixdown_(mixdown), stream_(&stream), from_(from), cursor_(from) {}
    void take(const Frame& frame) override;
    void change_rate(std::uint32_t from, std::uint32_t to);
    Stream& stream() const { return *stream_; }
    void leave(Position until) { until_ = std::min(until_, until); }
    bool has_left() const { return until_ != kOpen; }
    bool is_done() const { return cursor_ >= until_; }
    Position cursor() const { return cursor_; }

   private:
    void place(const Frame& frame);
    void mark(const Frame& frame, Position begin, Position end);

    Mixdown& mixdown_;
    Stream* const stream_;
    Position from_, until_ = kOpen;
    Position cursor_;  // of what comes next
    bool placed_ = false;
    audio::Upsampler up_;
  };

  Position size() const { return timeline_.frame(); }
  Position complete_until() const;
  void drop_those_done();
  Frame next();
  std::int32_t& sum(Position at) { return sums_[static_cast<std::size_t>(at % (kFrames * size()))]; }
  std::uint8_t& kinds(Position at) { return kinds_[static_cast<std::size_t>(at / size() % kFrames)]; }
  void add(Position at, std::span<const std::int16_t> audio, bool is_mulaw);

  const Timeline& timeline_;
  Position done_ = 0, end_ = 0;  // nothing was added from end_ on
  std::vector<std::int32_t> sums_;
  std::array<std::uint8_t, kFrames> kinds_{};  // of each frame, a bit for each kind
  PacketCounts packets_;
  std::vector<std::unique_ptr<Member>> members_;

  Sum frame_sum_;
  Limiter limiter_;
  std::array<std::int16_t, kMaxFrame> mix_;
  Origins origins_;
};

}  // namespace media
