#pragma once
// What becomes of the parties that a client names in a dial command (XEP-0327 §6.2.1): SIP URIs, and telephone numbers
// (RFC 3966) by a gateway. Pure functions.

#include <optional>
#include <string>

#include "base/result.hpp"
#include "sip/user_agent.hpp"

namespace call {

struct DialPlan {
  bool enabled = true;
  bool registered_only = false;                 // only clients that have registered by presence may dial
  std::string gateway;                          // sip: URI that tel: URIs go by; empty: none
  std::optional<sip::Credentials> credentials;  // for whoever asks for them
  int redirects = 0;                            // 3xx that may be followed
  std::string host;                             // of our own URIs, "192.0.2.1:5060"
};

// The INVITE for it, without dialog, description, headers and timeout.
//   to     sip:…, tel:…                                bad_request if neither; not_supported: sips:, tel: without
//   gateway from   sip:…, tel:…, "Name" <…>, a number, empty   bad_request
base::Result<sip::Invite> plan_dial(const std::string& to, const std::string& from, const DialPlan& plan);

}  // namespace call
