#pragma once
// Binds RTP/RTCP port pairs out of a range: RTP on an even port, RTCP on the odd one above (RFC 3550 §11). Goes round
// the range from a random start, so that a port that was just closed is the last to be used again and late packets of
// one call do not reach the next. Which ports are taken only the kernel knows. Owned by the control thread.

#include <cstdint>

#include "base/result.hpp"
#include "net/udp_socket.hpp"

namespace net {

struct PortPair {
  UdpSocket rtp;
  UdpSocket rtcp;
  std::uint16_t rtp_port = 0;
};

class PortRange {
 public:
  // Both ports inclusive.
  PortRange(Address host, std::uint16_t first, std::uint16_t last);

  // no_resources when no pair of the range can be bound.
  base::Result<PortPair> bind();
  std::uint32_t pairs() const { return pairs_; }

 private:
  const Address host_;
  std::uint32_t first_even_ = 0;
  std::uint32_t pairs_ = 0;
  std::uint32_t next_ = 0;
};

}  // namespace net
