#pragma once
// An RTP packet as a view into the datagram it came in, and the header of one to be sent (RFC 3550 §5.1). Any thread.

#include <cstdint>
#include <optional>
#include <span>

namespace rtp {

inline constexpr std::size_t kHeaderSize = 12;

struct Packet {
  std::uint8_t payload_type = 0;
  bool marker = false;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;
  std::span<const std::uint8_t> payload;  // without padding

  // Nothing if it is no RTP packet: version, CSRCs, extension and padding must fit the length.
  static std::optional<Packet> parse(std::span<const std::uint8_t> datagram);
  // Writes the header (payload is not looked at); `out` must hold kHeaderSize.
  void write_header(std::span<std::uint8_t> out) const;
};

// Where RTP and RTCP share a port: packet types 192-223 are RTCP (RFC 5761 §4).
bool is_rtcp(std::span<const std::uint8_t> datagram);

}  // namespace rtp
