#pragma once
// An XMPP address, local@domain/resource (RFC 7622). Local part and domain are compared case-insensitively (ASCII is
// lowered when parsed); the resource is exact.

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace xmpp {

struct Jid {
  std::string local;
  std::string domain;
  std::string resource;

  // Nothing if it is no JID: empty or overlong parts (1023 bytes each), forbidden characters, not UTF-8.
  static std::optional<Jid> parse(std::string_view text);

  std::string str() const;
  Jid bare() const { return {local, domain, {}}; }
  bool is_bare() const { return resource.empty(); }

  auto operator<=>(const Jid&) const = default;
};

}  // namespace xmpp
