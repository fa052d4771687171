#pragma once
// The one table from our kinds of failure to stanza errors (RFC 6120 §8.3, XEP-0327 §6.5.1 and §6.5.2).

#include <string_view>

#include "base/result.hpp"

namespace rayo {

struct Condition {
  std::string_view type;
  std::string_view name;
};

constexpr Condition condition_of(base::Kind kind) {
  switch (kind) {
    case base::Kind::bad_request:
      return {"modify", "bad-request"};
    case base::Kind::not_supported:
      return {"modify", "feature-not-implemented"};  // a value; see Reply::refuse_verb
    case base::Kind::not_found:
      return {"cancel", "item-not-found"};
    case base::Kind::conflict:
      return {"cancel", "conflict"};
    case base::Kind::unexpected:
      return {"wait", "unexpected-request"};
    case base::Kind::not_allowed:
      return {"cancel", "not-allowed"};
    case base::Kind::unregistered:
      return {"auth", "registration-required"};
    case base::Kind::not_authorized:
      return {"auth", "not-authorized"};
    case base::Kind::no_resources:
      return {"wait", "resource-constraint"};
    case base::Kind::not_acceptable:
      return {"modify", "not-acceptable"};
    case base::Kind::unavailable:
      return {"cancel", "service-unavailable"};
    case base::Kind::internal:
      return {"cancel", "internal-server-error"};
  }
  return {"cancel", "internal-server-error"};
}

}  // namespace rayo
