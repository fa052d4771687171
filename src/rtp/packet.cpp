#include "rtp/packet.hpp"

#include <cassert>

#include "rtp/bytes.hpp"

namespace rtp {

std::optional<Packet> Packet::parse(std::span<const std::uint8_t> datagram) {
  if (datagram.size() < kHeaderSize || datagram[0] >> 6 != 2) return std::nullopt;
  std::size_t begin = kHeaderSize + 4U * (datagram[0] & 15U);
  if ((datagram[0] & 0x10) != 0) {
    if (datagram.size() < begin + 4) return std::nullopt;
    begin += 4 + 4U * read16(&datagram[begin + 2]);
  }
  if (begin > datagram.size()) return std::nullopt;
  std::size_t end = datagram.size();
  if ((datagram[0] & 0x20) != 0) {
    const std::size_t padding = datagram.back();
    if (padding == 0 || padding > end - begin) return std::nullopt;
    end -= padding;
  }
  return Packet{.payload_type = static_cast<std::uint8_t>(datagram[1] & 0x7f),
                .marker = (datagram[1] & 0x80) != 0,
                .sequence = read16(&datagram[2]),
                .timestamp = read32(&datagram[4]),
                .ssrc = read32(&datagram[8]),
                .payload = datagram.subspan(begin, end - begin)};
}

void Packet::write_header(std::span<std::uint8_t> out) const {
  assert(out.size() >= kHeaderSize);
  out[0] = 2 << 6;
  out[1] = static_cast<std::uint8_t>((marker ? 0x80 : 0) | payload_type);
  write16(&out[2], sequence);
  write32(&out[4], timestamp);
  write32(&out[8], ssrc);
}

bool is_rtcp(std::span<const std::uint8_t> datagram) {
  return datagram.size() >= 2 && datagram[1] >= 192 && datagram[1] <= 223;
}

}  // namespace rtp
