#pragma once
// Rayo's addresses (XEP-0327 §5.2) and the aliases that clients of 2011-2013 use. Pure functions.
//
//   domain                    the server        id@domain              a call         id@domain/component
//   call.domain, calls.domain, mixer.domain, mixers.domain: aliases of the domain

#include <string>
#include <string_view>

#include "xmpp/jid.hpp"

namespace rayo {

// True for the domain itself and for its four aliases.
bool is_ours(const xmpp::Jid& jid, std::string_view domain);

// id@domain, and id@domain/component.
xmpp::Jid call_jid(std::string_view domain, std::string_view call);
xmpp::Jid component_jid(std::string_view domain, std::string_view call, std::string_view component);

}  // namespace rayo
