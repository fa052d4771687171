#pragma once
// What is known of one source by its packets: sequence numbers unwrapped and checked (RFC 3550 §A.1), loss (§A.3) and
// jitter (§A.8). Owned by a media worker; never allocates.

#include <cstdint>
#include <optional>
#include <utility>

#include "rtp/packet.hpp"
#include "rtp/rtcp.hpp"

namespace rtp {

class SourceStatistics {
 public:
  enum class Verdict {
    newest,   // the highest sequence number so far
    older,    // reordered or duplicate
    restart,  // the source began to count anew: this packet is the first of a new count
    suspect,  // a large jump: to be dropped unless the next packet follows it
  };

  explicit SourceStatistics(std::uint32_t clock = 8000) : clock_(clock) {}

  // Timestamps count in another clock from now on.
  void set_clock(std::uint32_t clock) {
    if (std::exchange(clock_, clock) != clock) transit_.reset();
  }
  // Judges one packet. `arrival` is in RTP clock units from any fixed start. Packets that repeat a timestamp by design
  // (telephone-event) say so, and do not count towards jitter.
  Verdict receive(const Packet& packet, std::int64_t arrival, bool has_own_timestamp = true);
  // Of the packet judged last; goes on across the 16-bit wrap, never negative.
  std::int64_t sequence() const { return sequence_; }

  // The figures for a report; the fraction is over the time since the last call. Nothing before the first packet.
  std::optional<ReportBlock> report();
  std::uint32_t ssrc() const { return ssrc_; }
  bool has_begun() const { return begun_; }
  std::uint64_t received() const { return received_; }
  std::int64_t cumulative_lost() const { return expected() - static_cast<std::int64_t>(received_); }
  std::uint32_t jitter() const { return static_cast<std::uint32_t>(jitter_ >> 4); }

 private:
  void begin(const Packet& packet);
  std::int64_t expected() const { return begun_ ? highest_ - first_ + 1 : 0; }

  std::uint32_t clock_;
  bool begun_ = false;
  std::uint32_t ssrc_ = 0;
  std::int64_t first_ = 0, highest_ = 0, sequence_ = 0;
  std::optional<std::uint16_t> expected_after_jump_;
  std::uint64_t received_ = 0, received_before_ = 0;
  std::int64_t expected_before_ = 0;
  std::optional<std::uint32_t> transit_;
  std::int64_t jitter_ = 0;  // sixteenths
};

}  // namespace rtp
