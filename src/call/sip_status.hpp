#pragma once
// The one table from our kinds of failure to SIP status codes (RFC 3261 §21).

#include "base/result.hpp"

namespace call {

inline int sip_status(base::Kind kind) {
  switch (kind) {
    case base::Kind::bad_request:
      return 400;
    case base::Kind::not_supported:
      return 501;
    case base::Kind::not_found:
      return 404;
    case base::Kind::conflict:
      return 482;
    case base::Kind::unexpected:
      return 491;
    case base::Kind::not_allowed:
    case base::Kind::unregistered:
    case base::Kind::not_authorized:
      return 403;
    case base::Kind::no_resources:
      return 503;
    case base::Kind::not_acceptable:
      return 488;
    case base::Kind::unavailable:
      return 480;
    case base::Kind::internal:
      return 500;
  }
  return 500;
}

}  // namespace call
