#pragma once
// A stream with its sockets. Owned by a media worker; moves from one to another as a whole.

#include "media/stream.hpp"
#include "net/port_range.hpp"
#include "net/udp_socket.hpp"

namespace media {

class Leg final : public Transport {
 public:
  Leg(EndpointRef ref, Stream::Options options, rtp::NtpClock ntp, net::PortPair ports, EventQueue& events)
      : ports_(std::move(ports)), stream_(ref, options, ntp, *this, events) {
    heard_rtp = heard_rtcp = base::Clock::now();
  }

  bool send_rtp(std::span<const std::uint8_t> bytes, const net::Address& to) override {
    return ports_.rtp.send(bytes, to);
  }
  bool send_rtcp(std::span<const std::uint8_t> bytes, const net::Address& to) override {
    return ports_.rtcp.send(bytes, to);
  }
  Stream& stream() { return stream_; }
  const net::PortPair& ports() const { return ports_; }

  // Until when all that came has been taken from each socket.
  base::Time heard_rtp{}, heard_rtcp{};

 private:
  net::PortPair ports_;
  Stream stream_;
};

}  // namespace media
