#pragma once
// What must be known of a dialog to end it when the process that had it was killed: enough for one BYE (RFC 3261
// §12.2.1.1). A value; read back out of any bytes. Signalling thread.

#include <optional>
#include <string>
#include <string_view>

#include "sip/sofia.hpp"

namespace sip {

struct DialogNote {
  std::string call_id;
  std::string local, remote;  // From and To of our requests, with tags
  std::string target;         // the peer's Contact, or what stands for it
  std::string route;          // value of our Route header; empty: none
  std::string hop;            // where our requests go, as proxy_uri() says it: a numeric address

  // The remote target and, of the first message alone, the route set; of a request of the peer's or a response to ours.
  void follow(const sip_t& message, bool with_route);
  // Who is who, by a message that has both tags. `is_ours`: a request of ours, or a response to one.
  void name(const sip_t& message, bool is_ours);
  bool is_complete() const { return !call_id.empty() && !target.empty() && !hop.empty(); }

  bool operator==(const DialogNote&) const = default;
};

std::string text_of(const DialogNote& note);
// Nothing for what no BYE can be made of.
std::optional<DialogNote> parse_dialog_note(std::string_view text);

}  // namespace sip
