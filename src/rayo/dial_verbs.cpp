// The dial command (XEP-0327 §6.2.1).
#include <array>
#include <optional>
#include <utility>

#include "rayo/address.hpp"
#include "rayo/join_settings.hpp"
#include "rayo/namespaces.hpp"
#include "rayo/payload.hpp"
#include "rayo/server.hpp"
#include "rayo/verbs.hpp"

namespace rayo {
namespace {

using base::bad_request;
using base::Error;
using base::Kind;
using base::Result;

Result<void> check_permission(const Server& server, const xmpp::Jid& from, const xmpp::Account& account) {
  const call::DialPlan& plan = server.options().dial;
  if (!plan.enabled) return Error{Kind::not_supported, "this server places no calls", base::Fault::peer};
  if (plan.registered_only && !server.is_registered(from)) {
    return Error{Kind::unregistered, "only clients that have registered by presence may dial", base::Fault::peer};
  }
  if (!account.may_dial) return Error{Kind::not_authorized, "this account may not dial", base::Fault::peer};
  return {};
}

struct DialCommand {
  std::string id;  // as which the call is to be known; empty: any
  call::Dial dial;
};

Result<DialCommand> read_dial(const Server& server, const xml::Element& payload, const xmpp::Jid& from) {
  if (auto known = check_attributes(payload, {"to", "from", "uri", "timeout"}); !known) return std::move(known.error());
  DialCommand command;
  call::Dial& dial = command.dial;
  if (payload.attribute("to") == nullptr) return bad_request("<dial/> has no attribute 'to'");
  dial.to = payload.attribute_or("to", "");
  dial.from = payload.attribute_or("from", "");
  auto invite = call::plan_dial(dial.to, dial.from, server.options().dial);
  if (!invite) return std::move(invite.error());
  dial.invite = std::move(*invite);
  for (const xml::Attribute& attribute : payload.attributes) {
    if (attribute.name == "timeout" && attribute.ns.empty()) {
      auto timeout = read_timeout(attribute);
      if (!timeout) return std::move(timeout.error());
      dial.invite.timeout = timeout->value_or(std::chrono::milliseconds(0));
    }
  }
  if (const std::string* uri = payload.attribute("uri")) {
    const auto id = call_id_of(*uri, server.options().domain);
    if (!id || !uri->starts_with("xmpp:"))
      return bad_request("attribute 'uri': '" + *uri + "' is no address of a call");
    command.id = *id;
  }
  auto headers = read_headers(payload, {"join"});
  if (!headers) return std::move(headers.error());
  dial.invite.headers = std::move(*headers);
  for (const xml::Element* child : payload.elements()) {
    if (child->name != "join") continue;
    auto join = read_join(*child, server.options().domain);
    if (!join) return std::move(join.error());
    join->zone = Server::zone_of(from);
    dial.late_offer = dial.late_offer || join->settings.path == call::JoinSettings::Path::direct;
    dial.joins.push_back(std::move(*join));
  }
  if (dial.late_offer && dial.joins.size() > 1) {
    return Error{Kind::not_supported, "direct media is between two parties", base::Fault::peer};
  }
  return command;
}

void dial(Server& server, Command command) {
  const xmpp::Jid from = command.reply.from();
  if (auto permitted = check_permission(server, from, command.account); !permitted) {
    if (!server.options().dial.enabled) return command.reply.refuse_verb(permitted.error().text);
    return command.reply.error(permitted.error());
  }
  auto read = read_dial(server, command.payload, from);
  if (!read) return command.reply.error(read.error());
  for (const call::JoinWish& join : read->dial.joins) {
    if (auto there = check_join_target(server, join, from); !there) return command.reply.error(there.error());
  }
  auto call = server.calls().dial(read->id, std::move(read->dial));
  if (!call) return command.reply.error(call.error(), call.error().kind == Kind::conflict ? "modify" : "");
  server.give_control(**call, from);
  command.reply.result(server.reference_to(**call));
}

}  // namespace

std::span<const Verb> dial_verbs() {
  static constexpr std::array<Verb, 1> kVerbs = {{{Target::server, ns::kRayo, "dial", dial}}};
  return kVerbs;
}

}  // namespace rayo
