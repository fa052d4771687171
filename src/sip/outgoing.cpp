#include "sip/outgoing.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "sip/header_check.hpp"

namespace sip {
namespace {

constexpr const char* kSdp = "application/sdp";
constexpr std::size_t kMostForks = 32;  // whose SDP is kept

// Where a 3xx points to: SIP URIs that we can call, the most wanted first (RFC 3261 §20.10).
std::vector<std::string> targets_of(const sip_t& response) {
  std::vector<std::pair<double, std::string>> found;
  for (const sip_contact_t* contact = response.sip_contact; contact != nullptr; contact = contact->m_next) {
    std::string uri = uri_of(*contact->m_url);
    if (!Target::parse(uri)) continue;
    found.emplace_back(contact->m_q != nullptr ? std::strtod(contact->m_q, nullptr) : 1.0, std::move(uri));
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> targets;
  for (auto& [q, uri] : found) targets.push_back(std::move(uri));
  return targets;
}

// A display name as a quoted string (RFC 3261 §25.1).
std::string quoted(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') text += '\\';
    text += byte < 0x20 || byte == 0x7F ? ' ' : c;
  }
  return text + '"';
}

}  // namespace

OutgoingCall::OutgoingCall(const Invite& command, const Thread& thread, Exit& exit)
    : Dialog(command.dialog, {}, thread),
      command_(command),
      exit_(exit),
      redirects_left_(command.redirects),
      digest_(command.credentials),
      session_expires_(exit.session_expires),
      min_se_(exit.min_se) {
  state_ = State::kCalling;
}

// ---- on the way out ----

void OutgoingCall::start() {
  if (command_.timeout.count() > 0) {
    answer_by_ = base::Clock::now() + command_.timeout;
    thread_.wake_at(id_, answer_by_);
  }
  call(command_.to);
}

void OutgoingCall::call(const std::string& uri) {
  uri_ = request_uri(uri);
  const auto target = Target::parse(command_.proxy.empty() ? uri : command_.proxy);
  if (!target || uri_.empty()) {
    const bool is_scheme = !target && target.error().kind == base::Kind::not_supported;
    return finish(EndCause::error, is_scheme ? 416 : 400,
                  target ? "not a URI that can be called" : target.error().text);
  }
  const net::Address address = target->numeric();
  if (!address.is_set()) return exit_.resolver.look_up(id_, *target);
  try_hops(target->hops({address}));
}

void OutgoingCall::on_found(const Resolver::Answer& answer) {
  if (state_ != State::kCalling) return;
  if (answer.hops.empty()) return finish(EndCause::error, answer.status, answer.reason);
  try_hops(answer.hops);
}

void OutgoingCall::try_hops(const std::vector<Source>& hops) {
  for (const Source& hop : hops) {
    endpoint_ = exit_.endpoint(hop);
    hop_ = hop;
    if (endpoint_ != nullptr) return send_invite();
  }
  finish(EndCause::error, 503, "no SIP listener reaches " + hops.front().str());
}

std::string OutgoingCall::from() const {
  std::string uri = check_uri(command_.from) ? command_.from : std::string();
  if (uri.empty()) uri = "sip:telegraphone@" + contact_.substr(5, contact_.find_first_of(";>") - 5);
  return (command_.from_display.empty() ? std::string() : quoted(command_.from_display) + " ") + "<" + uri + ">" +
         (from_tag_.empty() ? std::string() : ";tag=" + from_tag_);
}

void OutgoingCall::send_invite() {
  contact_ = endpoint_->contact_for(hop_);
  const std::string to = "<" + uri_ + ">";
  take(nua_handle(endpoint_->nua(), nullptr, SIPTAG_FROM_STR(from().c_str()), SIPTAG_TO_STR(to.c_str()), TAG_END()));
  if (handle_ == nullptr) return finish(EndCause::error, 400, "not a URI that can be called");
  target_ = uri_;
  const std::string lines = digest_.lines("INVITE", uri_) + lines_of(command_.headers);
  const std::string sequence = std::to_string(sequence_) + " INVITE";
  const std::string expires = std::to_string(session_expires_.count());
  const std::string min_se = std::to_string(min_se_.count());
  const bool has_timer = session_expires_.count() > 0;
  invite_had_offer_ = !command_.sdp.empty();
  // Without an offer of ours a reliable 1xx would bring the peer's, to be answered in a PRACK: so there is to be none.
  // The session timer is asked for by hand: NUA, asked to, would refresh the sessions of peers that know of no timers.
  nua_invite(handle_, NUTAG_URL(uri_.c_str()), NUTAG_PROXY(proxy_uri(hop_).c_str()), NUTAG_SESSION_TIMER(0),
             TAG_IF(has_timer, SIPTAG_SESSION_EXPIRES_STR(expires.c_str())),
             TAG_IF(has_timer, SIPTAG_MIN_SE_STR(min_se.c_str())),
             TAG_IF(!call_id_.empty(), SIPTAG_CALL_ID_STR(call_id_.c_str())),
             TAG_IF(!call_id_.empty(), SIPTAG_CSEQ_STR(sequence.c_str())), SIPTAG_CONTACT_STR(contact_.c_str()),
             TAG_IF(!invite_had_offer_, SIPTAG_SUPPORTED_STR("timer")),
             TAG_IF(invite_had_offer_, SIPTAG_CONTENT_TYPE_STR(kSdp)),
             TAG_IF(invite_had_offer_, SIPTAG_PAYLOAD_STR(command_.sdp.c_str())),
             TAG_IF(!lines.empty(), SIPTAG_HEADER_STR(lines.c_str())), TAG_END());
}

void OutgoingCall::send_again(const sip_t& response) {
  call_id_ = response.sip_call_id->i_id;
  from_tag_ = response.sip_from->a_tag != nullptr ? response.sip_from->a_tag : "";
  sequence_ = response.sip_cseq->cs_seq;  // NUA counts on from there
  forks_.clear();
  forget_route();
  send_invite();
}

// ---- what comes back ----

void OutgoingCall::on_invite_answered(int status, const char* phrase, const sip_t* response, const Source& source) {
  if (is_cancelling_) {
    if (status < 200) return;
    is_cancelling_ = false;
    if (status < 300 && response != nullptr) {  // it crossed the CANCEL
      follow_target(*response, source);
      nua_ack(handle_, TAG_END());
      nua_bye(handle_, TAG_END());
      return;
    }
    state_ = State::kOver;
    return;
  }
  if (state_ != State::kCalling) return Dialog::on_invite_answered(status, phrase, response, source);
  if (status <= 100) return;
  if (status < 200 && response != nullptr) return on_progress(status, *response, source);
  if (status < 300 && response != nullptr) return on_success(*response, source);
  if (response != nullptr && comply(status, *response)) return;

  const std::string reason = phrase != nullptr ? phrase : "";
  if (response == nullptr || !source.address.is_set()) {  // nobody's response but the stack's
    if (status == 408) return finish(EndCause::no_answer, 408, "no response");
    return finish(EndCause::error, status < 700 ? status : 500, reason);
  }
  if (status < 300 || status >= 700) return finish(EndCause::error, 500, "a status that there is not");
  finish(EndCause::refused, status, reason, headers_of(*response));
}

bool OutgoingCall::comply(int status, const sip_t& response) {
  if (status < 400) return redirect(response);
  if (status == 401 || status == 407) {
    const auto outcome = digest_.answer(handle_, response);
    if (outcome == Digest::Outcome::kByUs) send_again(response);
    return outcome != Digest::Outcome::kNone;
  }
  if (status != 422 || response.sip_min_se == nullptr) return false;
  const std::chrono::seconds least(response.sip_min_se->min_delta);
  if (least <= session_expires_) return false;
  session_expires_ = min_se_ = least;
  send_again(response);
  return true;
}

void OutgoingCall::on_progress(int status, const sip_t& response, const Source& source) {
  if (response.sip_rseq != nullptr) follow_target(response, source);  // the PRACK goes along the dialog's route
  Progressed progressed{id_, status, {}, headers_of(response)};
  std::string description = session_description(response);
  const char* tag = response.sip_to->a_tag;
  const std::string fork = tag != nullptr ? tag : "";
  if (invite_had_offer_ && !description.empty() && forks_.size() < kMostForks && forks_.count(fork) == 0) {
    progressed.sdp = forks_[fork] = std::move(description);
  }
  report(std::move(progressed));
}

void OutgoingCall::on_success(const sip_t& response, const Source& source) {
  digest_.set_accepted();
  forget_route();  // an early dialog's does not count (RFC 3261 §13.2.2.4)
  follow_target(response, source);
  if (response.sip_contact != nullptr) target_ = uri_of(*response.sip_contact->m_url);
  keep_note(response, true);
  takes_update_ = sip_is_allowed(response.sip_allow, sip_method_update, "UPDATE") != 0;
  nua_set_hparams(handle_, NUTAG_UPDATE_REFRESH(takes_update_), TAG_END());
  Accepted accepted{id_, session_description(response), headers_of(response)};
  if (invite_had_offer_ || accepted.sdp.empty()) {
    state_ = State::kConfirmed;
    nua_ack(handle_, TAG_END());
    if (invite_had_offer_) note_refresher(response);
    // The answer may have come in a reliable 1xx, and is not repeated then.
    const char* tag = response.sip_to->a_tag;
    const auto early = forks_.find(tag != nullptr ? tag : "");
    if (accepted.sdp.empty() && early != forks_.end()) accepted.sdp = early->second;
  } else {
    state_ = State::kAccepted;
    change_ = Change::kAcknowledge;
    change_has_offer_ = true;
  }
  forks_.clear();
  report(std::move(accepted));
}

bool OutgoingCall::redirect(const sip_t& response) {
  if (redirects_left_ <= 0) return false;
  // None that has been tried (RFC 3261 §8.1.3.4).
  tried_.insert(uri_);
  auto targets = targets_of(response);
  std::erase_if(targets, [this](const std::string& uri) { return tried_.contains(request_uri(uri)); });
  if (targets.empty()) return false;
  --redirects_left_;
  take(nullptr);
  forget_route();
  forks_.clear();
  digest_.clear();
  call_id_.clear();
  from_tag_.clear();
  base::log::debug("sip", "dialog {}: redirected to {}", id_, targets.front());
  call(targets.front());
  return true;
}

// In the dialog, what Sofia cannot answer has ended with the challenge.
bool OutgoingCall::authenticate(const sip_t* response) {
  return response != nullptr && digest_.answer(handle_, *response) == Digest::Outcome::kBySofia;
}

void OutgoingCall::on_terminated(int status, const char* phrase) {
  if (state_ == State::kCalling) return finish(EndCause::error, status, phrase != nullptr ? phrase : "");
  Dialog::on_terminated(status, phrase);
}

void OutgoingCall::on_time(base::Time now) {
  if (state_ == State::kCalling && now >= answer_by_) cancel(EndCause::no_answer, 408, "no answer in time", {});
  Dialog::on_time(now);
}

// ---- the end ----

void OutgoingCall::bye(const Bye& command) {
  if (state_ == State::kCalling) return cancel(EndCause::refused, 487, "cancelled", command.headers);
  if (state_ == State::kAccepted) return send_bye(command.headers);
  Dialog::bye(command);
}

void OutgoingCall::leave() { bye({}); }

void OutgoingCall::cancel(EndCause cause, int status, std::string reason, const Headers& headers) {
  if (handle_ == nullptr) return finish(cause, status, std::move(reason));
  set_cause(cause, status, std::move(reason));
  is_cancelling_ = true;
  start_leaving();
  const std::string lines = lines_of(headers);
  nua_cancel(handle_, TAG_IF(!lines.empty(), SIPTAG_HEADER_STR(lines.c_str())), TAG_END());
}

void OutgoingCall::finish(EndCause cause, int status, std::string reason, Headers headers) {
  set_cause(cause, status, std::move(reason), std::move(headers));
  state_ = State::kOver;
}

}  // namespace sip
