#include "rtp/rtcp.hpp"

#include <algorithm>
#include <cstring>

#include "rtp/bytes.hpp"

namespace rtp {
namespace {

constexpr std::uint8_t kSenderReport = 200, kReceiverReport = 201, kSourceDescription = 202, kBye = 203;
constexpr std::size_t kBlockSize = 24, kSenderInfoSize = 20;

ReportBlock read_block(const std::uint8_t* at) {
  ReportBlock block;
  block.ssrc = read32(at);
  block.fraction_lost = at[4];
  block.cumulative_lost = static_cast<std::int32_t>(read32(at + 4) << 8) >> 8;
  block.highest_sequence = read32(at + 8);
  block.jitter = read32(at + 12);
  block.last_sr = read32(at + 16);
  block.delay_since_sr = read32(at + 20);
  return block;
}

void write_block(std::uint8_t* at, const ReportBlock& block) {
  write32(at, block.ssrc);
  const std::int32_t lost = std::clamp(block.cumulative_lost, -0x800000, 0x7fffff);
  write32(at + 4, static_cast<std::uint32_t>(lost) & 0xffffff);
  at[4] = block.fraction_lost;
  write32(at + 8, block.highest_sequence);
  write32(at + 12, block.jitter);
  write32(at + 16, block.last_sr);
  write32(at + 20, block.delay_since_sr);
}

// `size` includes the header, and is a multiple of four.
void write_header(std::uint8_t* at, std::size_t count, std::uint8_t type, std::size_t size) {
  at[0] = static_cast<std::uint8_t>(0x80 | count);
  at[1] = type;
  write16(at + 2, static_cast<std::uint32_t>(size / 4 - 1));
}

// An SR or RR into the compound; false if it is too short for its own count.
bool read_report(std::span<const std::uint8_t> packet, Compound& compound, bool first) {
  const bool is_sender = packet[1] == kSenderReport;
  const std::size_t count = packet[0] & 31;
  std::size_t at = 8 + (is_sender ? kSenderInfoSize : 0);
  if (packet.size() < at + count * kBlockSize) return false;
  if (first) compound.ssrc = read32(&packet[4]);
  if (is_sender && read32(&packet[4]) == compound.ssrc) {
    compound.sender = SenderInfo{.ntp = static_cast<std::uint64_t>(read32(&packet[8])) << 32 | read32(&packet[12]),
                                 .rtp_timestamp = read32(&packet[16]),
                                 .packets = read32(&packet[20]),
                                 .bytes = read32(&packet[24])};
  }
  for (std::size_t i = 0; i < count && compound.block_count < Compound::kMaxBlocks; ++i, at += kBlockSize) {
    compound.blocks[compound.block_count++] = read_block(&packet[at]);
  }
  return true;
}

}  // namespace

std::optional<Compound> Compound::parse(std::span<const std::uint8_t> datagram) {
  Compound compound;
  bool first = true;
  while (!datagram.empty()) {
    if (datagram.size() < 4 || datagram[0] >> 6 != 2) return std::nullopt;
    const std::size_t size = 4 * (read16(&datagram[2]) + std::size_t{1});
    if (size > datagram.size()) return std::nullopt;
    const bool padded = (datagram[0] & 0x20) != 0;
    if (padded && (first || size != datagram.size())) return std::nullopt;  // only the last may be
    const std::uint8_t type = datagram[1];
    const auto packet = datagram.first(size);
    const bool is_report = type == kSenderReport || type == kReceiverReport;
    if (first && (!is_report || size < 8)) return std::nullopt;
    if (is_report && (size < 8 || !read_report(packet, compound, first))) return std::nullopt;
    if (type == kBye) {
      const std::size_t count = packet[0] & 31;
      if (size < 4 + 4 * count) return std::nullopt;
      for (std::size_t i = 0; i < count; ++i) {
        if (read32(&packet[4 + 4 * i]) == compound.ssrc) compound.bye = true;
      }
    }
    first = false;
    datagram = datagram.subspan(size);
  }
  if (first) return std::nullopt;
  return compound;
}

std::size_t Report::write(std::span<std::uint8_t, kMaxSize> out) const {
  std::uint8_t* const begin = out.data();
  std::uint8_t* at = begin;
  const std::size_t report_size = 8 + (sender ? kSenderInfoSize : 0) + (block ? kBlockSize : 0);
  write_header(at, block ? 1 : 0, sender ? kSenderReport : kReceiverReport, report_size);
  write32(at + 4, ssrc);
  at += 8;
  if (sender) {
    write32(at, static_cast<std::uint32_t>(sender->ntp >> 32));
    write32(at + 4, static_cast<std::uint32_t>(sender->ntp));
    write32(at + 8, sender->rtp_timestamp);
    write32(at + 12, sender->packets);
    write32(at + 16, sender->bytes);
    at += kSenderInfoSize;
  }
  if (block) {
    write_block(at, *block);
    at += kBlockSize;
  }

  // SDES: header, SSRC, item CNAME (type 1), then one to four zero bytes up to a multiple of four.
  const std::size_t length = std::min<std::size_t>(cname.size(), 255);
  const std::size_t padded = (8 + 2 + length) / 4 * 4 + 4;
  std::memset(at, 0, padded);
  write_header(at, 1, kSourceDescription, padded);
  write32(at + 4, ssrc);
  at[8] = 1;
  at[9] = static_cast<std::uint8_t>(length);
  std::copy_n(cname.data(), length, at + 10);
  at += padded;

  if (bye) {
    write_header(at, 1, kBye, 8);
    write32(at + 4, ssrc);
    at += 8;
  }
  return static_cast<std::size_t>(at - begin);
}

}  // namespace rtp
