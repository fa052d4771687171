#pragma once
// Which headers a client of ours may put on a SIP message: no line may be smuggled in, and what SIP itself lives by
// (Via, To, CSeq, Content-Length and the like) is not theirs to set. RFC 3261 §25.1 for tokens and values. Any thread.

#include <string_view>

#include "base/result.hpp"

namespace sip {

// bad_request for what is no header at all, not_allowed for one that is the stack's own.
base::Result<void> check_header(std::string_view name, std::string_view value);

// bad_request unless `uri` is one that a Contact can carry: a scheme, no control characters, blanks, quotes or <>.
base::Result<void> check_uri(std::string_view uri);

}  // namespace sip
