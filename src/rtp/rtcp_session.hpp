#pragma once
// One stream's side of RTCP: when a report is due (RFC 3550 §6.2, two members), what it says, and what the peer's
// reports say of us. Owned by a media worker; allocates only when made.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/clock.hpp"
#include "rtp/rtcp.hpp"
#include "rtp/source_statistics.hpp"

namespace rtp {

// NTP time (32.32 s since 1900) of the moments of the steady clock.
struct NtpClock {
  std::uint64_t ntp_at_origin = 0;
  base::Time origin{};

  static NtpClock now();
  std::uint64_t at(base::Time time) const;
};

class RtcpSession {
 public:
  RtcpSession(std::uint32_t ssrc, NtpClock clock);

  // From now on reports are due; the first after half an interval, or at once.
  void start(base::Time now, bool at_once);
  bool is_due(base::Time now) const { return started_ && now >= next_; }

  // Writes a report into the session's buffer and plans the next. The sender part has been filled in by the owner.
  std::span<const std::uint8_t> report(base::Time now, std::optional<SenderInfo> sender, SourceStatistics& source,
                                       bool bye = false);
  void receive(const Compound& compound, base::Time arrival);

  std::optional<std::chrono::microseconds> round_trip() const { return round_trip_; }
  const std::optional<ReportBlock>& peer_report() const { return peer_report_; }
  std::uint64_t ntp(base::Time time) const { return clock_.at(time); }
  std::uint64_t sent() const { return sent_; }

 private:
  base::Time::duration interval();

  const std::uint32_t ssrc_;
  const NtpClock clock_;
  const std::string cname_;
  std::uint64_t random_;
  bool started_ = false;
  base::Time next_{};
  std::uint64_t sent_ = 0;

  struct LastReport {
    std::uint32_t ssrc = 0;
    std::uint32_t middle = 0;  // of its NTP time
    base::Time arrival{};
  };
  std::optional<LastReport> last_;
  std::optional<std::chrono::microseconds> round_trip_;
  std::optional<ReportBlock> peer_report_;
  std::array<std::uint8_t, Report::kMaxSize> buffer_;
};

}  // namespace rtp
