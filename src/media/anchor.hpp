#pragma once
// Places packets on the stream's timeline: position = unwrapped RTP timestamp + offset. The offset is set by the
// arrival of the first packet, so that a packet ends where it arrived, and set anew only when timestamps and arrival
// have come to disagree for good. Owned by a media worker; never allocates.

#include <cstdint>
#include <optional>

#include "media/timeline.hpp"

namespace media {

class Anchor {
 public:
  struct Options {
    Position depth = 1600;      // how late a packet may come and still be played
    Position max_early = 2400;  // further ahead of its arrival than this is a jump of the timestamps
  };
  explicit Anchor(Options options) : options_(options) {}

  struct Packet {
    std::uint32_t timestamp = 0;
    Position duration = 0;
    bool marker = false;
    bool newest = true;  // by sequence number
    Position arrival = 0;
  };
  // Where the packet begins. `floor`: nothing before it can be played any more.
  Position place(const Packet& packet, Position floor);
  // The next packet is of another source.
  void restart() { timestamp_.reset(); }

  bool is_set() const { return timestamp_.has_value(); }
  std::uint64_t resyncs() const { return resyncs_; }
  // The end of the newest packet placed.
  Position newest_end() const { return newest_end_; }

 private:
  Position after_newest(const Packet& packet, Position floor) const;
  void set(const Packet& packet, Position floor);
  bool disagrees(const Packet& packet, Position lateness, bool backward);
  void watch(Position lateness);

  const Options options_;
  bool begun_ = false;
  std::optional<std::int64_t> timestamp_;  // of the newest packet, unwrapped
  Position offset_ = 0;
  Position newest_end_ = 0;
  std::uint64_t resyncs_ = 0;

  // Packets in a row that came too late to be played.
  int late_run_ = 0;
  Position late_first_ = 0;
  // The least and the greatest lateness of the last packets.
  int watched_ = 0;
  Position least_ = 0, most_ = 0;
  bool drifted_ = false;
};

}  // namespace media
