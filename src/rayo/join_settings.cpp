#include "rayo/join_settings.hpp"

#include <optional>
#include <utility>

#include "rayo/address.hpp"
#include "rayo/payload.hpp"
#include "rayo/server.hpp"

namespace rayo {

using base::bad_request;
using base::Error;
using base::Kind;
using base::Result;

namespace {

Result<call::JoinWish> read_target(const xml::Element& element, const std::string& domain) {
  call::JoinWish wish;
  if (const xml::Element* child = element.first(); child != nullptr) {
    return bad_request("<" + child->name + "/> inside <" + element.name + "/>, which must be empty");
  }
  for (const char* name : {"call-uri", "call-id"}) {  // clients of 2011-2013 say call-id
    const std::string* value = element.attribute(name);
    if (value == nullptr) continue;
    const auto id = call_id_of(*value, domain);
    if (!id) {
      return bad_request(std::string("attribute '") + name + "': '" + value->substr(0, 100) + "' is no call's address");
    }
    if (!wish.call.empty() && wish.call != *id) return bad_request("'call-uri' and 'call-id' name different calls");
    wish.call = *id;
  }
  if (const std::string* mixer = element.attribute("mixer-name")) {
    if (!wish.call.empty()) return bad_request("either a call or a mixer can be named, not both");
    if (!mixer_local_part(*mixer)) {
      return bad_request("attribute 'mixer-name': '" + mixer->substr(0, 100) + "' cannot be the name of a mixer");
    }
    wish.mixer = *mixer;
  }
  return wish;
}

Error wrong_choice(const char* attribute, const std::string& value, const char* expected) {
  return bad_request(std::string("attribute '") + attribute + "': expected " + expected + ", not '" +
                     value.substr(0, 100) + "'");
}

}  // namespace

Result<call::JoinWish> read_join(const xml::Element& element, const std::string& domain) {
  if (auto known = check_attributes(element, {"direction", "media", "call-uri", "call-id", "mixer-name"}); !known) {
    return std::move(known.error());
  }
  auto wish = read_target(element, domain);
  if (!wish) return wish;
  if (wish->call.empty() && wish->mixer.empty()) {
    return bad_request("<" + element.name + "/> names neither a call nor a mixer: 'call-uri' or 'mixer-name'");
  }
  const std::string direction = element.attribute_or("direction", "duplex");
  if (direction == "send") {
    wish->settings.flow = media::Flow::send;
  } else if (direction == "recv") {
    wish->settings.flow = media::Flow::recv;
  } else if (direction != "duplex") {
    return wrong_choice("direction", direction, "duplex, send or recv");
  }
  const std::string media = element.attribute_or("media", "bridge");
  if (media == "direct") {
    wish->settings.path = call::JoinSettings::Path::direct;
    if (!wish->mixer.empty()) return Error{Kind::not_supported, "a mixer's media is bridged", base::Fault::peer};
    if (direction != "duplex") return Error{Kind::not_supported, "direct media goes both ways", base::Fault::peer};
  } else if (media != "bridge") {
    return wrong_choice("media", media, "bridge or direct");
  }
  return wish;
}

Result<call::JoinWish> read_unjoin(const xml::Element& element, const std::string& domain) {
  if (auto known = check_attributes(element, {"call-uri", "call-id", "mixer-name"}); !known) {
    return std::move(known.error());
  }
  return read_target(element, domain);
}

Result<void> check_join_target(const Server& server, const call::JoinWish& wish, const xmpp::Jid& from) {
  if (wish.call.empty()) return {};
  const call::Call* call = server.calls().find(wish.call);
  if (call == nullptr || call->is_ending()) {
    return Error{Kind::unavailable, "there is no such call to be joined to", base::Fault::peer};
  }
  if (!server.may_touch(*call, from)) {
    return Error{Kind::not_allowed, "that call belongs to somebody else", base::Fault::peer};
  }
  return {};
}

}  // namespace rayo
