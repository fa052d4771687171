#include "rtp/source_statistics.hpp"

#include <algorithm>
#include <cstdlib>

namespace rtp {
namespace {

constexpr int kMaxDropout = 3000, kMaxMisorder = 100;  // §A.1
constexpr std::int64_t kFirstCycle = 65536;            // so that what came before the first packet is not negative

}  // namespace

void SourceStatistics::begin(const Packet& packet) {
  begun_ = true;
  ssrc_ = packet.ssrc;
  first_ = highest_ = sequence_ = kFirstCycle + packet.sequence;
  expected_after_jump_.reset();
  received_ = received_before_ = 0;
  expected_before_ = 0;
  transit_.reset();
  jitter_ = 0;
}

SourceStatistics::Verdict SourceStatistics::receive(const Packet& packet, std::int64_t arrival,
                                                    bool has_own_timestamp) {
  Verdict verdict = Verdict::newest;
  if (!begun_ || packet.ssrc != ssrc_) {
    verdict = begun_ ? Verdict::restart : Verdict::newest;
    begin(packet);
  } else {
    const auto delta = static_cast<std::int16_t>(packet.sequence - static_cast<std::uint16_t>(highest_));
    if (delta > kMaxDropout || delta < -kMaxMisorder) {
      if (expected_after_jump_ != packet.sequence) {
        expected_after_jump_ = static_cast<std::uint16_t>(packet.sequence + 1);
        return Verdict::suspect;
      }
      begin(packet);
      verdict = Verdict::restart;
    } else {
      expected_after_jump_.reset();
      sequence_ = highest_ + delta;
      verdict = delta > 0 ? Verdict::newest : Verdict::older;
      highest_ = std::max(highest_, sequence_);
    }
  }
  ++received_;
  if (has_own_timestamp) {
    const auto transit = static_cast<std::uint32_t>(arrival) - packet.timestamp;
    if (transit_) {
      const std::int64_t change = std::abs(static_cast<std::int64_t>(static_cast<std::int32_t>(transit - *transit_)));
      // A new offset of the source's timestamps is no jitter.
      if (change < 2 * static_cast<std::int64_t>(clock_)) jitter_ += change - ((jitter_ + 8) >> 4);
    }
    transit_ = transit;
  }
  return verdict;
}

std::optional<ReportBlock> SourceStatistics::report() {
  if (!begun_) return std::nullopt;
  const std::int64_t expected_now = expected() - expected_before_;
  const std::int64_t lost_now = expected_now - static_cast<std::int64_t>(received_ - received_before_);
  expected_before_ = expected();
  received_before_ = received_;
  ReportBlock block;
  block.ssrc = ssrc_;
  if (expected_now > 0 && lost_now > 0) {
    block.fraction_lost = static_cast<std::uint8_t>(std::min<std::int64_t>(255, lost_now * 256 / expected_now));
  }
  block.cumulative_lost = static_cast<std::int32_t>(std::clamp<std::int64_t>(cumulative_lost(), -0x800000, 0x7fffff));
  block.highest_sequence = static_cast<std::uint32_t>(highest_ - kFirstCycle);
  block.jitter = jitter();
  return block;
}

}  // namespace rtp
