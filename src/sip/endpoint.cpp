#include "sip/endpoint.hpp"

#include <cerrno>
#include <cstring>

namespace sip {
namespace {

constexpr const char* kMethods = "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, INFO, UPDATE, MESSAGE";
constexpr unsigned kLargestMessage = 65535;  // bytes, headers and body; more is answered 413

constexpr unsigned kHalfMessage = 30000;      // ms; a TCP peer that does not finish its message is disconnected
constexpr unsigned kReceiveBuffer = 1 << 20;  // bytes, for bursts over UDP

// What to call ourselves where the socket is bound to any address: the address that most packets leave from.
net::Address named(const net::Address& bound) {
  if (!bound.is_any()) return bound;
  const auto outside = net::Address::parse(bound.family() == AF_INET ? "192.0.2.1" : "2001:db8::1", 9);
  net::Address address = local_address_towards(*outside);
  if (!address.is_set()) address = *net::Address::parse(bound.family() == AF_INET ? "127.0.0.1" : "::1", 0);
  address.set_port(bound.port());
  return address;
}

std::string bracketed(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

std::string url_of(const net::Address& address, const std::vector<ListenAddress>& listen) {
  std::string url = "sip:" + named(address).str();
  if (address.is_any()) url += ";maddr=" + bracketed(address.host());
  // Without a transport Sofia listens on UDP and TCP. A list of two makes it read past the end of an array.
  if (listen.size() == 1) url += listen.front().tcp ? ";transport=tcp" : ";transport=udp";
  return url;
}

}  // namespace

base::Result<std::unique_ptr<Endpoint>> Endpoint::open(su_root_t* root, const std::vector<ListenAddress>& listen,
                                                       const Options& options, nua_callback_f callback,
                                                       nua_magic_t* magic) {
  const net::Address& address = listen.front().address;
  const std::string url = url_of(address, listen);
  const auto min_se = static_cast<unsigned>(options.min_se.count());
  const auto session_expires = static_cast<unsigned>(options.session_expires.count());
  errno = 0;
  nua_t* nua = nua_create(
      root, callback, magic, NUTAG_URL(url.c_str()), NUTAG_MEDIA_ENABLE(0), NUTAG_AUTOANSWER(0), NUTAG_AUTOALERT(0),
      NUTAG_AUTOACK(0), NUTAG_AUTO100(1), NUTAG_ENABLEMESSAGE(1), NUTAG_EARLY_MEDIA(0),
      NUTAG_SESSION_TIMER(session_expires), NUTAG_MIN_SE(min_se), NUTAG_SUPPORTED("timer, 100rel"),
      SIPTAG_ALLOW_STR(kMethods), NUTAG_APPL_METHOD("INVITE, UPDATE, INFO, MESSAGE"),
      SIPTAG_USER_AGENT_STR(options.software.empty() ? "telegraphone" : options.software.c_str()),
      NUTAG_OUTBOUND("no-options-keepalive no-natify no-validate"), NUTAG_AUTO302(0), NUTAG_AUTO305(0),
      NUTAG_MAX_RETRY_AFTER(0), NUTAG_SERVICE_ROUTE_ENABLE(0), NTATAG_SERVER_RPORT(2), NTATAG_CLIENT_RPORT(1),
      NTATAG_USE_NAPTR(0), NTATAG_USE_SRV(0), NTATAG_MAXSIZE(kLargestMessage), NTATAG_UDP_MTU(kLargestMessage),
      TPTAG_STUN_SERVER(0), TPTAG_KEEPALIVE(0), TPTAG_TIMEOUT(kHalfMessage), TPTAG_UDP_RMEM(kReceiveBuffer), TAG_END());
  if (nua == nullptr) {
    const std::string why = errno != 0 ? std::strerror(errno) : "the SIP stack refused it";
    return base::Error{base::Kind::no_resources, "cannot listen on " + listen.front().str() + ": " + why};
  }
  return std::unique_ptr<Endpoint>(new Endpoint(listen, nua));
}

Endpoint::Endpoint(const std::vector<ListenAddress>& listen, nua_t* nua) : address_(listen.front().address), nua_(nua) {
  for (const auto& each : listen) (each.tcp ? has_tcp_ : has_udp_) = true;
}

Endpoint::~Endpoint() { nua_destroy(nua_); }

int Endpoint::reach(const Source& hop) const {
  if (address_.family() != hop.address.family() || !(hop.tcp ? has_tcp_ : has_udp_)) return 0;
  if (address_.is_any()) return 2;
  // Bound to one address, an endpoint is told apart from others by whether packets would leave from it anyway.
  return local_address_towards(hop.address).same_host(address_) ? 3 : 1;
}

std::string Endpoint::contact_for(const Source& peer) const {
  net::Address address = named(address_);
  if (address_.is_any()) {
    if (const auto towards = local_address_towards(peer.address); towards.is_set()) address = towards;
    address.set_port(address_.port());
  }
  return "<sip:" + address.str() + (peer.tcp ? ";transport=tcp>" : ">");
}

void Endpoint::shut_down(std::chrono::milliseconds patience) {
  nua_set_params(nua_, NTATAG_SIP_T1X64(static_cast<unsigned>(patience.count())), TAG_END());
  nua_shutdown(nua_);
}

}  // namespace sip
