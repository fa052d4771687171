#include "net/port_range.hpp"

#include "base/random.hpp"

namespace net {

PortRange::PortRange(Address host, std::uint16_t first, std::uint16_t last) : host_(host) {
  first_even_ = first + first % 2U;
  if (first_even_ == 0) first_even_ = 2;  // port 0 would be the system's choice
  if (last > first_even_) pairs_ = (last - first_even_ + 1U) / 2U;
  if (pairs_ > 0) next_ = base::random_u32() % pairs_;
}

base::Result<PortPair> PortRange::bind() {
  for (std::uint32_t tried = 0; tried < pairs_; ++tried) {
    const auto port = static_cast<std::uint16_t>(first_even_ + 2 * next_);
    next_ = (next_ + 1) % pairs_;
    Address address = host_;
    address.set_port(port);
    auto rtp = UdpSocket::bind(address);
    if (!rtp) {
      if (rtp.error().kind != base::Kind::no_resources) return std::move(rtp.error());
      continue;
    }
    address.set_port(static_cast<std::uint16_t>(port + 1));
    auto rtcp = UdpSocket::bind(address);
    if (!rtcp) continue;
    return PortPair{std::move(*rtp), std::move(*rtcp), port};
  }
  return base::Error{base::Kind::no_resources, "no free pair of RTP ports on " + host_.host()};
}

}  // namespace net
