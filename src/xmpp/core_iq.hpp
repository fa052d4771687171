#pragma once
// The iqs that the server answers by itself: session, roster, ping, and what is no valid iq. A pure function.

#include <optional>
#include <string>

#include "xml/element.hpp"
#include "xmpp/jid.hpp"

namespace xmpp {

// The answer to an iq get or set of a bound client; nothing if it is somebody else's to answer.
std::optional<xml::Element> answer_core_iq(const xml::Element& iq, const Jid& client, const std::string& domain);

}  // namespace xmpp
