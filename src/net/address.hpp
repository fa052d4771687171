#pragma once
// An IP address and port (v4 or v6), as a value that the socket calls take. Never resolves names.

#include <cstdint>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace net {

class Address {
 public:
  Address() = default;
  // "192.0.2.1" or "2001:db8::1" with the port beside it.
  static std::optional<Address> parse(std::string_view host, std::uint16_t port);
  // "192.0.2.1:5060" or "[2001:db8::1]:5060".
  static std::optional<Address> parse(std::string_view host_and_port);
  static Address from(const sockaddr* address, socklen_t length);

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage_); }
  socklen_t size() const;
  static constexpr socklen_t capacity() { return sizeof(sockaddr_storage); }

  int family() const { return storage_.ss_family; }
  std::uint16_t port() const;
  void set_port(std::uint16_t port);
  std::string host() const;
  std::string str() const;
  bool is_any() const;  // 0.0.0.0 or ::
  bool is_set() const { return storage_.ss_family != AF_UNSPEC; }

  bool operator==(const Address& other) const;
  bool same_host(const Address& other) const;

 private:
  sockaddr_storage storage_{};
};

}  // namespace net
