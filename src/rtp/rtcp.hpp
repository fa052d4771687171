#pragma once
// RTCP packets (RFC 3550 §6): what a compound says, and a builder for those that are sent. Any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace rtp {

// What a receiver says about one source (§6.4.1).
struct ReportBlock {
  std::uint32_t ssrc = 0;
  std::uint8_t fraction_lost = 0;      // of 256
  std::int32_t cumulative_lost = 0;    // 24 bits, signed: duplicates make it negative
  std::uint32_t highest_sequence = 0;  // extended
  std::uint32_t jitter = 0;            // RTP clock
  std::uint32_t last_sr = 0;           // middle 32 bits of its NTP time
  std::uint32_t delay_since_sr = 0;    // 1/65536 s
};

struct SenderInfo {
  std::uint64_t ntp = 0;  // 32.32 s since 1900
  std::uint32_t rtp_timestamp = 0;
  std::uint32_t packets = 0;
  std::uint32_t bytes = 0;
};

// One compound packet, as far as this server needs it.
struct Compound {
  static constexpr std::size_t kMaxBlocks = 31;

  std::uint32_t ssrc = 0;  // who sent it
  std::optional<SenderInfo> sender;
  std::array<ReportBlock, kMaxBlocks> blocks{};
  std::size_t block_count = 0;
  bool bye = false;

  // Nothing if it is not valid by §A.2: version, first packet a report, lengths that add up. Unknown packet types are
  // passed over.
  static std::optional<Compound> parse(std::span<const std::uint8_t> datagram);
};

// Builds SR or RR, then SDES with a CNAME (at most 255 bytes), then BYE if wanted. Returns the bytes written.
struct Report {
  static constexpr std::size_t kMaxSize = 8 + 20 + 24 + 4 + 4 + 2 + 255 + 4 + 8;

  std::uint32_t ssrc = 0;
  std::optional<SenderInfo> sender;
  std::optional<ReportBlock> block;
  std::string_view cname;
  bool bye = false;

  std::size_t write(std::span<std::uint8_t, kMaxSize> out) const;
};

}  // namespace rtp
