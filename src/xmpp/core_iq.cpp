#include "xmpp/core_iq.hpp"

#include "xmpp/listener.hpp"

namespace xmpp {

std::optional<xml::Element> answer_core_iq(const xml::Element& iq, const Jid& client, const std::string& domain) {
  const std::string type = iq.attribute_or("type", "");
  if (type != "get" && type != "set") return error_of(iq, "modify", "bad-request", "unknown iq type");
  if (iq.attribute("id") == nullptr) return error_of(iq, "modify", "bad-request", "an iq needs an id");
  if (iq.elements().size() != 1) {
    return error_of(iq, "modify", "bad-request", "an iq of type get or set has exactly one child element");
  }
  if (const std::string* to = iq.attribute("to")) {
    const auto jid = Jid::parse(*to);
    if (!jid || (*jid != client.bare() && *jid != Jid{{}, domain, {}})) return std::nullopt;
  }
  const xml::Element& payload = *iq.first();
  if (payload.is("ping", "urn:xmpp:ping")) return result_of(iq);
  if (payload.is("session", "urn:ietf:params:xml:ns:xmpp-session") && type == "set") return result_of(iq);
  if (payload.is("query", "jabber:iq:roster")) {
    if (type == "set") return error_of(iq, "cancel", "not-allowed", "rosters are not kept here");
    xml::Element result = result_of(iq);
    result.add(xml::Element("query", "jabber:iq:roster"));
    return result;
  }
  if (payload.is("bind", "urn:ietf:params:xml:ns:xmpp-bind")) {
    return error_of(iq, "cancel", "not-allowed", "a stream has one resource");
  }
  return std::nullopt;
}

}  // namespace xmpp
