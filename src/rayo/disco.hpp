#pragma once
// What each of our entities says about itself: service discovery (XEP-0030) and entity capabilities (XEP-0115).
// Pure functions.

#include <string>

#include "xml/element.hpp"

namespace rayo {

enum class Entity { server, call, mixer, component };

// The <query/> of a disco#info answer; `node` is echoed when it is not empty.
xml::Element disco_info(Entity entity, const std::string& node);
// The <c/> that goes with presence: node `urn:xmpp:rayo:call:1` for a call,
// `urn:xmpp:rayo:mixer:1` for a mixer, and the hash of disco_info().
xml::Element caps(Entity entity);

}  // namespace rayo
