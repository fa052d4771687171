#pragma once
// Rayo's addresses (XEP-0327 §5.2) and the aliases that clients of 2011-2013 use. Pure functions.
//
//   domain        the server        id@domain    a call        name@domain    a mixer        …/component    of either
//   call.domain, calls.domain, mixer.domain, mixers.domain: aliases of the domain

#include <optional>
#include <string>
#include <string_view>

#include "call/host.hpp"
#include "xmpp/jid.hpp"

namespace rayo {

// True for the domain itself and for its four aliases.
bool is_ours(const xmpp::Jid& jid, std::string_view domain);

// id@domain of a call, name@domain of a mixer; and of a component of either.
xmpp::Jid jid_of(std::string_view domain, const call::Host& host);
xmpp::Jid component_jid(std::string_view domain, const call::Host& host, std::string_view component);

// What a command means by a call-uri, a call-id or a dial command's uri: "xmpp:id@domain", "id@domain" or "id". Nothing
// if that is no call of ours.
std::optional<std::string> call_id_of(std::string_view uri, std::string_view domain);
// A mixer's name as its local part; nothing if it cannot be one.
std::optional<std::string> mixer_local_part(std::string_view name);

}  // namespace rayo
