#pragma once
// Where a request of ours goes (RFC 3261 §8.1.2, §12.2.1.1): the target of a URI, and the next hop in a dialog.
// Signalling thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/address.hpp"
#include "sip/message.hpp"
#include "sip/sofia.hpp"

namespace sip {

// What a SIP URI says of the place that it names.
struct Target {
  enum class Transport { kAny, kUdp, kTcp };
  std::string host;        // a name or a numeric address, without brackets; maddr if there is one
  std::uint16_t port = 0;  // 0: not given
  Transport transport = Transport::kAny;

  // bad_request for what is no SIP URI, not_supported for a scheme or transport that we do not speak (sips, tls).
  static base::Result<Target> parse(std::string_view uri);
  // The address if the host is numeric, with 5060 for no port; unset for a name.
  net::Address numeric() const;
  // What can be tried, in that order, where the host has these addresses: each by UDP and by TCP if no transport is
  // asked for.
  std::vector<Source> hops(const std::vector<net::Address>& addresses) const;
};

// The URI as it may stand in a request line: without headers and method (RFC 3261 §19.1.1), which Sofia would turn into
// headers of the request. Empty if it cannot be called.
std::string request_uri(std::string_view uri);

// A hop as NUTAG_PROXY takes it.
std::string proxy_uri(const Source& hop);

// Where requests go in a dialog: its first Route or the Contact if that is a SIP URI with a numeric host that we can
// reach, else `fallback`, where the peer's own messages come from. Names are never looked up. NUA is always told, and
// never left to work it out from the URI: with one that it cannot use it fails to make its BYE, makes another for that,
// and so on without end. `message` is the peer's: a request, or a response to ours (whose routes count from the end).
Source next_hop(const sip_t& message, const Source& fallback);

}  // namespace sip
