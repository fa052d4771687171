#include "sip/incoming.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "sip/header_check.hpp"

namespace sip {
namespace {

constexpr const char* kSdp = "application/sdp";

}  // namespace

IncomingCall::IncomingCall(DialogId id, nua_handle_t* handle, std::string contact, const std::string& answer_lines,
                           const Thread& thread)
    : Dialog(id, std::move(contact), thread), answer_lines_(answer_lines) {
  take(handle);
}

// ---- what the peer does ----

void IncomingCall::on_invite(const sip_t& request, const Source& source, std::chrono::seconds session_expires) {
  Incoming incoming;
  incoming.dialog = id_;
  if (request.sip_call_id != nullptr) incoming.call_id = request.sip_call_id->i_id;
  incoming.request_uri = uri_of(*request.sip_request->rq_url);
  incoming.to = uri_of(*request.sip_to->a_url);
  incoming.from = uri_of(*request.sip_from->a_url);
  incoming.headers = headers_of(request);
  incoming.offer = session_description(request);
  incoming.source = source.str();
  incoming.requires_100rel = requires_option(request, "100rel");
  requires_100rel_ = incoming.requires_100rel;
  supports_100rel_ = supports_option(request, "100rel");
  late_offer_ = incoming.offer.empty();

  // Without UPDATE a refresh of ours is a re-INVITE without SDP, which the peer answers with an offer
  // (Change::kAcknowledge).
  takes_update_ = sip_is_allowed(request.sip_allow, sip_method_update, "UPDATE") != 0;
  const auto expires = supports_option(request, "timer") ? static_cast<unsigned>(session_expires.count()) : 0U;
  nua_set_hparams(handle_, NUTAG_SESSION_TIMER(expires), NUTAG_UPDATE_REFRESH(takes_update_), TAG_END());
  follow_target(request, source);
  report(std::move(incoming));
}

void IncomingCall::on_ack(const sip_t& request) {
  if (state_ != State::kAnswered) return Dialog::on_ack(request);
  state_ = State::kConfirmed;
  keep_note(request, false);
  report(Established{id_, std::exchange(awaits_answer_, false) ? session_description(request) : std::string()});
  send_what_waited();
  if (bye_wanted_) send_bye(*bye_wanted_);
}

void IncomingCall::on_prack(const sip_t& request) {
  if (state_ != State::kInvited) return;
  if (awaits_answer_) {
    EarlyAnswer early{id_, session_description(request)};
    awaits_answer_ = early.answer.empty();
    if (!early.answer.empty()) report(std::move(early));
  }
  awaits_prack_ = false;
  auto waiting = std::exchange(after_prack_, {});
  for (const auto& command : waiting) {  // those that must wait once more queue again
    if (const auto* provisional = std::get_if<Progress>(&command)) progress(*provisional);
    if (const auto* final = std::get_if<Answer>(&command)) answer(*final);
  }
}

void IncomingCall::on_cancel(const sip_t* request) {
  if (state_ != State::kInvited) return Dialog::on_cancel(request);
  set_cause(EndCause::cancelled, 487, request != nullptr ? reason_of(*request) : std::string(),
            request != nullptr ? headers_of(*request) : Headers());
}

// ---- what we do ----

void IncomingCall::progress(const Progress& command) {
  if (state_ != State::kInvited || ended_ || command.status <= 100 || command.status >= 200) return;
  if (awaits_prack_) {
    after_prack_.emplace_back(command);
    return;
  }
  const bool has_description = !command.sdp.empty();
  // NUA sends reliably what the peer requires to be reliable, and every 183 if the peer supports that.
  bool is_reliable = requires_100rel_ || (supports_100rel_ && command.status == 183);
  bool force = false;
  if (late_offer_ && !described_) {
    // RFC 3262 §5: the first reliable response to an INVITE without offer must make the offer; an unreliable one
    // cannot.
    if (!has_description && is_reliable) {
      base::log::debug("sip", "dialog {}: no {}, which would have to make the offer", id_, command.status);
      return;
    }
    force = has_description && supports_100rel_;
    is_reliable = is_reliable || force;
  }
  const bool send_description = has_description && !described_ && (!late_offer_ || is_reliable);
  if (send_description && is_reliable) {
    described_ = true;
    awaits_answer_ = late_offer_;
  }
  awaits_prack_ = is_reliable;
  const std::string lines = lines_of(command.headers);
  nua_respond(handle_, command.status, phrase_of(command.status), SIPTAG_CONTACT_STR(contact_.c_str()),
              TAG_IF(force, SIPTAG_REQUIRE_STR("100rel")), TAG_IF(send_description, SIPTAG_CONTENT_TYPE_STR(kSdp)),
              TAG_IF(send_description, SIPTAG_PAYLOAD_STR(command.sdp.c_str())),
              TAG_IF(!lines.empty(), SIPTAG_HEADER_STR(lines.c_str())), TAG_END());
}

void IncomingCall::answer(const Answer& command) {
  if (state_ != State::kInvited || ended_) return;
  if (awaits_prack_) {
    after_prack_.emplace_back(command);
    return;
  }
  state_ = State::kAnswered;
  const bool send_description = !described_ && !command.sdp.empty();
  if (send_description) {
    described_ = true;
    awaits_answer_ = late_offer_;
  }
  const std::string lines = lines_of(command.headers) + answer_lines_;
  nua_respond(handle_, SIP_200_OK, SIPTAG_CONTACT_STR(contact_.c_str()),
              TAG_IF(send_description, SIPTAG_CONTENT_TYPE_STR(kSdp)),
              TAG_IF(send_description, SIPTAG_PAYLOAD_STR(command.sdp.c_str())),
              TAG_IF(!lines.empty(), SIPTAG_HEADER_STR(lines.c_str())), TAG_END());
}

void IncomingCall::reject(const Reject& command) {
  if (state_ != State::kInvited || ended_) return;
  const int status = command.status >= 300 && command.status < 700 ? command.status : 500;
  phrase_ = command.phrase;
  std::replace_if(
      phrase_.begin(), phrase_.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  const char* phrase = phrase_.empty() ? phrase_of(status) : phrase_.c_str();
  const std::string contact = check_uri(command.contact) ? "<" + command.contact + ">" : std::string();
  const std::string lines = lines_of(command.headers);
  set_cause(EndCause::local, status, phrase);
  nua_respond(handle_, status, phrase, TAG_IF(!contact.empty(), SIPTAG_CONTACT_STR(contact.c_str())),
              TAG_IF(!lines.empty(), SIPTAG_HEADER_STR(lines.c_str())), TAG_END());
}

void IncomingCall::bye(const Bye& command) {
  if (state_ == State::kInvited) return reject(Reject{id_, 480, {}, {}, command.headers});
  if (state_ == State::kAnswered) {
    bye_wanted_ = command.headers;
    return;
  }
  Dialog::bye(command);
}

void IncomingCall::leave() {
  if (state_ == State::kInvited) return reject(Reject{id_, 503, {}, {}, {{"Retry-After", "10"}}});
  if (state_ == State::kAnswered) return send_bye({});
  Dialog::leave();
}

}  // namespace sip
