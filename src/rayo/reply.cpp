#include "rayo/reply.hpp"

#include "xmpp/listener.hpp"

namespace rayo {

Reply::Reply(Send send, xmpp::Jid from, xml::Element iq)
    : send_(std::move(send)), from_(std::move(from)), iq_(std::move(iq)) {}

void Reply::send(const xml::Element& answer) {
  assert(!answered_ && "an iq has one answer");
  answered_ = true;
  send_(from_, answer);
}

void Reply::result() { send(xmpp::result_of(iq_)); }

void Reply::result(xml::Element payload) {
  xml::Element answer = xmpp::result_of(iq_);
  answer.add(std::move(payload));
  send(answer);
}

void Reply::error(const base::Error& error, std::string_view type) {
  const Condition condition = condition_of(error.kind);
  send(xmpp::error_of(iq_, type.empty() ? condition.type : type, condition.name, error.text));
}

void Reply::refuse_verb(std::string_view text) { send(xmpp::error_of(iq_, "cancel", "feature-not-implemented", text)); }

void Reply::outcome(const base::Result<void>& outcome) {
  if (outcome) {
    result();
  } else {
    error(outcome.error());
  }
}

}  // namespace rayo
