#pragma once
// Places packets on the media timeline: position = unwrapped RTP timestamp, in samples, from a reference on. The
// reference is set by the first packet's arrival, so that a packet ends where it arrived, and moved once when the first
// packets have shown how late that one was. It is set anew only where timestamps and arrival have come to disagree for
// good: small disagreements are the clocks' drift, which Drift follows. Owned by a media worker; never allocates.

#include <cstdint>
#include <optional>

#include "media/timeline.hpp"

namespace media {

class Anchor {
 public:
  struct Options {
    Position depth = 1600;      // samples: how late a packet may come and still be played
    Position max_early = 2400;  // further ahead of its arrival than this is a jump of the timestamps
    std::uint32_t rate = 8000;
    // The first packets may move the reference. Not where they are played before it is known by how much.
    bool settles = true;
  };
  explicit Anchor(Options options) : options_(options) {}

  struct Packet {
    std::uint32_t timestamp = 0;
    std::uint32_t clock = 8000;  // of the timestamp, Hz
    Position duration = 0;
    bool marker = false;
    bool newest = true;  // by sequence number
    Position arrival = 0;
  };
  // Where the packet begins. `floor`: nothing before it can be played any more.
  Position place(const Packet& packet, Position floor);
  // The next packet is of another source.
  void restart() { timestamp_.reset(); }
  // What was placed at `from` or behind it is to be moved, as those to come are; by 0 at most times.
  struct Shift {
    Position from = 0, by = 0;
  };
  Shift take_shift();
  // How much later than its place says the newest packet arrived, in samples; nothing where that says nothing about
  // the clocks: not the newest, just placed anew.
  std::optional<Position> lateness() const { return lateness_; }
  // Positions scale from the old rate to the new.
  void change_rate(Options options);

  bool is_set() const { return timestamp_.has_value(); }
  std::uint64_t resyncs() const { return resyncs_; }
  // The end of the newest packet placed.
  Position newest_end() const { return newest_end_; }

 private:
  Position position(std::int64_t timestamp) const;
  Position after_newest(const Packet& packet, Position floor) const;
  void set(const Packet& packet, Position floor);
  void begin_anew(const Packet& packet, Position floor);
  bool disagrees(const Packet& packet, Position lateness, bool backward);
  void settle(const Packet& packet, Position lateness);

  Options options_;
  bool begun_ = false;
  std::optional<std::int64_t> timestamp_;  // of the newest packet, unwrapped
  std::int64_t reference_ = 0;             // a timestamp …
  Position at_ = 0;                        // … and its position
  std::uint32_t clock_ = 8000;
  Position newest_end_ = 0;
  std::uint64_t resyncs_ = 0;
  std::optional<Position> lateness_;

  // Nothing of what was placed since the last set() can have been played before this.
  std::optional<Position> settles_at_;
  Position settling_ = 0;  // the least lateness until then; 0 is the first packet's
  Position room_ = 0;      // how far back it may be moved
  Shift shift_;

  // Packets in a row that came too late to be played.
  int late_run_ = 0;
  Position late_first_ = 0;
};

}  // namespace media
