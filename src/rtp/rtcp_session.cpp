#include "rtp/rtcp_session.hpp"

#include "base/random.hpp"

namespace rtp {
namespace {

constexpr std::chrono::duration<double> kInterval{5.0};
constexpr double kCompensation = 2.71828 - 1.5;  // §6.3.1
constexpr std::uint64_t kNtpEpoch = 2208988800;  // 1900 to 1970, s

std::uint64_t to_ntp(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = static_cast<std::uint64_t>((time - seconds).count());
  return (static_cast<std::uint64_t>(seconds.count()) << 32) + (rest << 32) / 1'000'000'000;
}

std::uint32_t middle(std::uint64_t ntp) { return static_cast<std::uint32_t>(ntp >> 16); }

}  // namespace

NtpClock NtpClock::now() {
  return {.ntp_at_origin = to_ntp(std::chrono::system_clock::now().time_since_epoch()) + (kNtpEpoch << 32),
          .origin = base::Clock::now()};
}

std::uint64_t NtpClock::at(base::Time time) const { return ntp_at_origin + to_ntp(time - origin); }

RtcpSession::RtcpSession(std::uint32_t ssrc, NtpClock clock)
    : ssrc_(ssrc), clock_(clock), cname_(base::random_id(20)), random_(base::random_u64() | 1) {}  // RFC 7022 §4.2

void RtcpSession::start(base::Time now, bool at_once) {
  if (started_) {
    if (at_once) next_ = now;
    return;
  }
  started_ = true;
  next_ = at_once ? now : now + interval() / 2;
}

// Between half and one and a half times the interval, compensated as §6.3.1 says. xorshift: no system call in a tick.
base::Time::duration RtcpSession::interval() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  const double factor = 0.5 + static_cast<double>(random_ >> 11) / 9007199254740992.0;
  return std::chrono::duration_cast<base::Time::duration>(kInterval * factor / kCompensation);
}

std::span<const std::uint8_t> RtcpSession::report(base::Time now, std::optional<SenderInfo> sender,
                                                  SourceStatistics& source, bool bye) {
  Report report{.ssrc = ssrc_, .sender = sender, .block = source.report(), .cname = cname_, .bye = bye};
  if (report.block && last_ && last_->ssrc == report.block->ssrc) {
    const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now - last_->arrival).count();
    report.block->last_sr = last_->middle;
    report.block->delay_since_sr = static_cast<std::uint32_t>(static_cast<std::uint64_t>(since) * 65536 / 1'000'000);
  }
  next_ = now + interval();
  ++sent_;
  return {buffer_.data(), report.write(buffer_)};
}

void RtcpSession::receive(const Compound& compound, base::Time arrival) {
  if (compound.sender) last_ = LastReport{compound.ssrc, middle(compound.sender->ntp), arrival};
  for (std::size_t i = 0; i < compound.block_count; ++i) {
    const ReportBlock& block = compound.blocks[i];
    if (block.ssrc != ssrc_) continue;
    peer_report_ = block;
    if (block.last_sr == 0) continue;
    const std::uint32_t passed = middle(clock_.at(arrival)) - block.last_sr - block.delay_since_sr;
    if (passed > 0x7fffffff) continue;  // the peer's figures make it negative
    round_trip_ = std::chrono::microseconds(static_cast<std::uint64_t>(passed) * 1'000'000 / 65536);
  }
}

}  // namespace rtp
