#include "sip/listen_address.hpp"

#include <cerrno>
#include <cstring>
#include <spdlog/fmt/fmt.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/fd.hpp"

namespace sip {
namespace {

net::Address bound_address(int socket) {
  net::Address address;
  socklen_t size = net::Address::capacity();
  if (::getsockname(socket, address.data(), &size) != 0) return {};
  return net::Address::from(address.data(), size);
}

}  // namespace

base::Result<ListenAddress> ListenAddress::parse(std::string_view text) {
  const std::string quoted = fmt::format("\"{}\"", text);
  const auto colon = text.find(':');
  const auto transport = text.substr(0, colon);
  ListenAddress listen;
  listen.tcp = transport == "tcp";
  if (colon == std::string_view::npos || (!listen.tcp && transport != "udp")) {
    return base::bad_request(quoted + ": expected udp:address:port or tcp:address:port");
  }
  const auto address = net::Address::parse(text.substr(colon + 1));
  if (!address) return base::bad_request(quoted + ": not a numeric address and a port");
  listen.address = *address;
  return listen;
}

base::Result<void> ListenAddress::probe() {
  const auto failed = [&] {
    return base::Error{base::Kind::no_resources, "cannot listen on " + str() + ": " + std::strerror(errno)};
  };
  const base::Fd socket(::socket(address.family(), (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
  if (!socket) return failed();
  const int on = 1;
  if (tcp) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.family() == AF_INET6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(socket.get(), address.data(), address.size()) != 0) return failed();
  if (tcp && ::listen(socket.get(), 1) != 0) return failed();
  address.set_port(bound_address(socket.get()).port());
  return {};
}

net::Address local_address_towards(const net::Address& peer) {
  const base::Fd socket(::socket(peer.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket || ::connect(socket.get(), peer.data(), peer.size()) != 0) return {};
  return bound_address(socket.get());
}

}  // namespace sip
