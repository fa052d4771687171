#pragma once
// Where to listen: "udp:127.0.0.1:5060", "tcp:[::1]:5060"; port 0 asks for any. Any thread.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/address.hpp"

namespace sip {

struct ListenAddress {
  bool tcp = false;
  net::Address address;

  static base::Result<ListenAddress> parse(std::string_view text);
  std::string str() const { return (tcp ? "tcp:" : "udp:") + address.str(); }

  // Binds a socket there for a moment: says whether the address can be had, and gives port 0 its number. The SIP stack
  // reports neither.
  base::Result<void> probe();
};

// The local address that packets to `peer` leave from; unset if there is no route.
net::Address local_address_towards(const net::Address& peer);

}  // namespace sip
