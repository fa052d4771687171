// The commands of a call (XEP-0327 §6.2.2, §6.6).
#include <array>
#include <memory>
#include <utility>

#include "rayo/namespaces.hpp"
#include "rayo/payload.hpp"
#include "rayo/verbs.hpp"
#include "sip/header_check.hpp"

namespace rayo {
namespace {

using base::Result;

// Attributes and headers of a command that has nothing else.
Result<sip::Headers> plain_headers(const xml::Element& payload) {
  if (auto known = check_attributes(payload, {}); !known) return std::move(known.error());
  return read_headers(payload);
}

void accept(Server&, Command command) {
  if (auto known = check_attributes(command.payload, {"early-media"}); !known) {
    return command.reply.error(known.error());
  }
  bool early_media = false;
  for (const xml::Attribute& attribute : command.payload.attributes) {
    if (attribute.name != "early-media") continue;
    auto value = read_boolean(attribute);
    if (!value) return command.reply.error(value.error());
    early_media = *value;
  }
  auto headers = read_headers(command.payload);
  if (!headers) return command.reply.error(headers.error());
  command.reply.outcome(command.call->accept(std::move(*headers), early_media));
}

void answer(Server&, Command command) {
  auto headers = plain_headers(command.payload);
  if (!headers) return command.reply.error(headers.error());
  command.reply.outcome(command.call->answer(std::move(*headers)));
}

// The reason is required by the text and absent from the example: without one it is a decline.
Result<call::RejectReason> reject_reason(const xml::Element& payload) {
  call::RejectReason reason = call::RejectReason::decline;
  int count = 0;
  for (const xml::Element* child : payload.elements()) {
    if (child->name == "header") continue;
    ++count;
    if (child->name == "decline") {
      reason = call::RejectReason::decline;
    } else if (child->name == "busy") {
      reason = call::RejectReason::busy;
    } else if (child->name == "error") {
      reason = call::RejectReason::error;
    } else {
      return base::bad_request("<" + child->name + "/> is no reason to reject a call: decline, busy or error");
    }
  }
  if (count > 1) return base::bad_request("<reject/> has more than one reason");
  return reason;
}

void reject(Server&, Command command) {
  if (auto known = check_attributes(command.payload, {}); !known) return command.reply.error(known.error());
  const auto reason = reject_reason(command.payload);
  if (!reason) return command.reply.error(reason.error());
  auto headers = read_headers(command.payload, {"decline", "busy", "error"});
  if (!headers) return command.reply.error(headers.error());
  command.reply.outcome(command.call->reject(*reason, std::move(*headers)));
}

void redirect(Server&, Command command) {
  if (auto known = check_attributes(command.payload, {"to"}); !known) return command.reply.error(known.error());
  auto headers = read_headers(command.payload);
  if (!headers) return command.reply.error(headers.error());
  const std::string* to = command.payload.attribute("to");
  if (to == nullptr) return command.reply.error(base::bad_request("<redirect/> has no attribute 'to'"));
  if (auto fit = sip::check_uri(*to); !fit) {
    return command.reply.error(base::bad_request("attribute 'to': " + fit.error().text));
  }
  command.reply.outcome(command.call->redirect(*to, std::move(*headers)));
}

void hangup(Server&, Command command) {
  auto headers = plain_headers(command.payload);
  if (!headers) return command.reply.error(headers.error());
  command.reply.outcome(command.call->hangup(std::move(*headers)));
}

// Of clients of 2011-2013.
template <bool holding>
void hold(Server&, Command command) {
  if (auto empty = check_empty(command.payload); !empty) return command.reply.error(empty.error());
  auto reply = std::make_shared<Reply>(std::move(command.reply));
  command.call->hold(holding, [reply](const Result<void>& outcome) { reply->outcome(outcome); });
}

template <bool muted>
void mute(Server&, Command command) {
  if (auto empty = check_empty(command.payload); !empty) return command.reply.error(empty.error());
  command.reply.outcome(command.call->mute(muted));
}

}  // namespace

std::span<const Verb> call_verbs() {
  static constexpr std::array<Verb, 9> kVerbs = {{
      {Target::call, ns::kRayo, "accept", accept},
      {Target::call, ns::kRayo, "answer", answer},
      {Target::call, ns::kRayo, "reject", reject},
      {Target::call, ns::kRayo, "redirect", redirect},
      {Target::call, ns::kRayo, "hangup", hangup},
      {Target::call, ns::kRayo, "hold", hold<true>},
      {Target::call, ns::kRayo, "unhold", hold<false>},
      {Target::call, ns::kRayo, "mute", mute<true>},
      {Target::call, ns::kRayo, "unmute", mute<false>},
  }};
  return kVerbs;
}

}  // namespace rayo
