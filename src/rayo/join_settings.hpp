#pragma once
// <join/> and <unjoin/> (XEP-0327 §7.11, §7.12) into what they ask for. Pure functions, but for what looks at the calls
// that are up.

#include <string>

#include "base/result.hpp"
#include "call/direct_media.hpp"
#include "xml/element.hpp"
#include "xmpp/jid.hpp"

namespace rayo {

class Server;

// Exactly one of `call` and `mixer` is set in the answer; the zone is the caller's to set.
base::Result<call::JoinWish> read_join(const xml::Element& element, const std::string& domain);
// The same without settings; neither is set: every join.
base::Result<call::JoinWish> read_unjoin(const xml::Element& element, const std::string& domain);

// unavailable if the call does not exist, not_allowed if it belongs to another zone (§6.3.1).
base::Result<void> check_join_target(const Server& server, const call::JoinWish& wish, const xmpp::Jid& from);

}  // namespace rayo
