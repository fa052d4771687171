// The replies that listener.hpp declares.
#include "xmpp/listener.hpp"

namespace xmpp {
namespace {

xml::Element reply_to(const xml::Element& stanza, std::string_view type) {
  xml::Element reply(stanza.name, std::string(kClientNs));
  reply.set("type", type);
  if (const std::string* id = stanza.attribute("id")) reply.set("id", *id);
  if (const std::string* to = stanza.attribute("to")) reply.set("from", *to);
  if (const std::string* from = stanza.attribute("from")) reply.set("to", *from);
  return reply;
}

}  // namespace

xml::Element result_of(const xml::Element& iq) { return reply_to(iq, "result"); }

xml::Element error_of(const xml::Element& iq, std::string_view type, std::string_view condition,
                      std::string_view text) {
  xml::Element reply = reply_to(iq, "error");
  if (const xml::Element* payload = iq.first()) reply.add(*payload);
  xml::Element& error = reply.add(xml::Element("error", std::string(kClientNs)));
  error.set("type", type);
  error.add(xml::Element(std::string(condition), std::string(kStanzasNs)));
  if (!text.empty()) {
    xml::Element& words = error.add(xml::Element("text", std::string(kStanzasNs)));
    words.attributes.push_back({"lang", "en", "http://www.w3.org/XML/1998/namespace"});
    words.add_text(text);
  }
  return reply;
}

}  // namespace xmpp
