#include "sip/dialog.hpp"

#include <utility>

#include "base/log.hpp"
#include "base/random.hpp"
#include "sip/header_check.hpp"
#include "sip/next_hop.hpp"

namespace sip {
namespace {

constexpr const char* kSdp = "application/sdp";
constexpr std::chrono::milliseconds kByePatience{2000};   // then the end is reported without an answer
constexpr std::chrono::milliseconds kOfferPatience{100};  // between two looks whether the session is free for ours
constexpr int kNoCredentials = 904;                       // NUA's own status for a challenge that was given up

bool is_challenge(int status) { return status == 401 || status == 407; }

}  // namespace

std::string lines_of(const Headers& headers) {
  std::string lines;
  for (const auto& [name, value] : headers) {
    if (!check_header(name, value)) continue;
    lines += name;
    lines += ": ";
    lines += value;
    lines += "\r\n";
  }
  return lines;
}

const char* phrase_of(int status) {
  const char* phrase = sip_status_phrase(status);
  return phrase != nullptr ? phrase : "Rejected";
}

Dialog::~Dialog() { take(nullptr); }

void Dialog::take(nua_handle_t* handle) {
  if (handle_ != nullptr) {
    nua_handle_bind(handle_, nullptr);
    nua_handle_destroy(handle_);
  }
  handle_ = handle;
  if (handle_ != nullptr) nua_handle_bind(handle_, this);
}

void Dialog::follow_target(const sip_t& message, const Source& source) {
  // Only the first message sets the route (RFC 3261 §12.2), later ones the target behind it.
  const DialogNote before = note_;
  note_.follow(message, next_hop_.empty());
  if (next_hop_.empty() || (!has_route_ && message.sip_contact != nullptr)) {
    has_route_ = message.sip_record_route != nullptr;
    note_.hop = proxy_uri(next_hop(message, source));
    if (note_.hop != next_hop_) nua_set_hparams(handle_, NUTAG_PROXY(note_.hop.c_str()), TAG_END());
    next_hop_ = note_.hop;
  }
  if (!note_name_.empty() && note_ != before && thread_.keep_note) thread_.keep_note(note_name_, note_);
}

void Dialog::keep_note(const sip_t& message, bool is_ours) {
  note_.name(message, is_ours);
  if (!note_.is_complete() || !thread_.keep_note) return;
  note_name_ = base::random_id(16);
  thread_.keep_note(note_name_, note_);
}

void Dialog::forget_route() {
  next_hop_.clear();
  has_route_ = false;
}

// ---- what the peer does ----

void Dialog::on_reinvite(const sip_t& request, const Source& source) {
  // RFC 3261 §14.2: not while one of ours is open. NUA sees to it only where ours has an offer.
  if (our_offer_.state() == OurOffer::State::kSent || change_ == Change::kAcknowledge) {
    nua_respond(handle_, SIP_491_REQUEST_PENDING, TAG_END());
    return;
  }
  if (!is_body_understood(request)) {
    nua_respond(handle_, SIP_415_UNSUPPORTED_MEDIA, SIPTAG_ACCEPT_STR(kSdp), TAG_END());
    return;
  }
  follow_target(request, source);
  change_ = Change::kInvite;
  Reoffered reoffered{id_, session_description(request), false};
  change_has_offer_ = !reoffered.offer.empty();
  report(std::move(reoffered));
}

void Dialog::on_update(const sip_t& request, const Source& source, msg_t* message) {
  const auto respond = [&](int status, const char* phrase, const char* retry_after) {
    nua_respond(handle_, status, phrase, NUTAG_WITH(message), TAG_IF(retry_after, SIPTAG_RETRY_AFTER_STR(retry_after)),
                TAG_IF(status == 415, SIPTAG_ACCEPT_STR(kSdp)), TAG_END());
  };
  if (!is_body_understood(request)) return respond(SIP_415_UNSUPPORTED_MEDIA, nullptr);
  follow_target(request, source);
  Reoffered reoffered{id_, session_description(request), true};
  if (reoffered.offer.empty()) return respond(SIP_200_OK, nullptr);  // refreshes the session, changes nothing
  // RFC 3311 §5.2: no second offer while one is open.
  if (awaits_answer_ || our_offer_.state() == OurOffer::State::kSent) {
    return respond(SIP_491_REQUEST_PENDING, nullptr);
  }
  if (change_ != Change::kNone || has_open_offer()) return respond(SIP_500_INTERNAL_SERVER_ERROR, "5");
  change_ = Change::kUpdate;
  change_has_offer_ = true;
  update_.reset(msg_ref(message));
  report(std::move(reoffered));
}

void Dialog::on_info(const sip_t& request, msg_t* message) {
  nua_respond(handle_, SIP_200_OK, NUTAG_WITH(message), TAG_END());
  report(Info{id_, content_type_of(request), body_of(request)});
}

void Dialog::on_message(const sip_t& request, msg_t* message) {
  nua_respond(handle_, SIP_200_OK, NUTAG_WITH(message), TAG_END());
  report(Message{id_, content_type_of(request), body_of(request), headers_of(request)});
}

void Dialog::on_ack(const sip_t& request) {
  if (!std::exchange(awaits_answer_, false)) return;
  report(Established{id_, session_description(request)});
}

// Of a re-INVITE: NUA has answered it 487.
void Dialog::on_cancel(const sip_t* /*request*/) {
  if (change_ == Change::kInvite) change_ = Change::kNone;
}

void Dialog::on_bye(const sip_t& request) {
  set_cause(EndCause::remote_bye, 0, reason_of(request), headers_of(request));
}

void Dialog::on_invite_answered(int status, const char* phrase, const sip_t* response, const Source& source) {
  if (status < 200 || (is_challenge(status) && authenticate(response))) return;
  if (status < 300 && response != nullptr) {
    // With the BYE out, NUA takes that for the request to be acknowledged; it sees to this one by itself.
    if (state_ == State::kLeaving) return;
    follow_target(*response, source);
    return on_reinvite_accepted(*response);
  }
  if (status == 408 || status == 481) set_cause(EndCause::timer, status, "no answer to a re-INVITE");
  if (our_offer_.state() != OurOffer::State::kSent) return;
  const auto now = base::Clock::now();
  if (status == 491) {
    our_offer_.set_glare(made_call_id(), now);
    thread_.wake_at(id_, our_offer_.due());
    return;
  }
  base::log::debug("sip", "dialog {}: re-INVITE: {} {}", id_, status, phrase != nullptr ? phrase : "");
  // NUA waits for credentials for ever, and its queue of re-INVITEs with it.
  offers_refused_ = is_challenge(status) ? status : 0;
  close_offer(status < 700 ? status : 500, {});
}

void Dialog::on_reinvite_accepted(const sip_t& response) {
  const bool is_answer = invite_had_offer_;
  Reoffered reoffered{id_, session_description(response), false};
  if (is_answer || reoffered.offer.empty()) {
    nua_ack(handle_, TAG_END());
    if (is_answer) note_refresher(response);
    if (our_offer_.state() == OurOffer::State::kSent) close_offer(response.sip_status->st_status, reoffered.offer);
    return;
  }
  our_offer_.clear();
  change_ = Change::kAcknowledge;
  change_has_offer_ = true;
  report(std::move(reoffered));
}

void Dialog::on_update_answered(int status, const sip_t* response) {
  if (is_challenge(status) && authenticate(response)) return;
  if (status == 408 || status == 481) set_cause(EndCause::timer, status, "session refresh failed");
  if (is_challenge(status)) decline_challenge();
}

void Dialog::on_bye_answered(int status, const sip_t* response) {
  if (status < 200 || (is_challenge(status) && authenticate(response))) return;
  // A BYE that nobody asked for is NUA's: the session timer has run out.
  if (state_ == State::kLeaving) {
    set_cause(EndCause::local, status, {});
  } else {
    set_cause(EndCause::timer, 408, "session timer expired");
  }
  if (is_challenge(status)) state_ = State::kOver;  // NUA would wait for ever
}

void Dialog::on_message_answered(int status, const sip_t* response) {
  if (status < 200 || (is_challenge(status) && authenticate(response))) return;
  if (is_challenge(status)) return decline_challenge();
  if (status >= 700) status = status == kNoCredentials ? 401 : 500;
  report(MessageAnswered{id_, status});
}

void Dialog::on_answered(int status, const sip_t* response) {
  if (is_challenge(status) && !authenticate(response)) decline_challenge();
}

void Dialog::decline_challenge() {
  // NUA ends what waits for credentials only when it is given some, even if they are for nobody.
  nua_authenticate(handle_, NUTAG_AUTH("Digest:\"\":none:none"), TAG_END());
}

void Dialog::on_error(int status, const char* phrase) {
  const std::string_view text = phrase != nullptr ? phrase : "";
  base::log::debug("sip", "dialog {}: {} {}", id_, status, text);
  if (text == "ACK Timeout") set_cause(EndCause::no_ack, 408, std::string(text));
  if (text == "PRACK Timeout" || text == "Reliable Response Timeout") {
    set_cause(EndCause::no_prack, 504, "PRACK Timeout");
  }
}

void Dialog::on_terminated(int status, const char* phrase) {
  set_cause(state_ == State::kLeaving ? EndCause::local : EndCause::error, status, phrase != nullptr ? phrase : "");
  state_ = State::kOver;
}

void Dialog::on_time(base::Time now) {
  if (state_ == State::kLeaving && now >= leave_by_) give_up();
  if (refresh_at_ && now >= *refresh_at_) {
    refresh_at_.reset();
    if (!our_offer_.is_open()) our_offer_.ask({}, false, now);
  }
  try_offer(now);
}

// ---- what we do ----

void Dialog::bye(const Bye& command) {
  if (state_ == State::kConfirmed) send_bye(command.headers);
}

void Dialog::leave() {
  if (state_ == State::kConfirmed) send_bye({});
}

void Dialog::send_bye(const Headers& headers) {
  if (our_offer_.state() == OurOffer::State::kSent) nua_cancel(handle_, TAG_END());
  if (change_ == Change::kAcknowledge) nua_ack(handle_, TAG_END());
  our_offer_.clear();
  change_ = Change::kNone;
  start_leaving();
  const std::string lines = credentials_for("BYE") + lines_of(headers);
  nua_bye(handle_, TAG_IF(!lines.empty(), SIPTAG_HEADER_STR(lines.c_str())), TAG_END());
}

void Dialog::start_leaving() {
  state_ = State::kLeaving;
  leave_by_ = base::Clock::now() + kByePatience;
  thread_.wake_at(id_, leave_by_);
}

void Dialog::send_info(const SendInfo& command) {
  if (state_ != State::kConfirmed) return;
  const Home home = make_home();
  const std::string lines = credentials_for("INFO");
  nua_info(handle_, TAG_IF(!lines.empty(), SIPTAG_HEADER_STR(lines.c_str())),
           SIPTAG_CONTENT_TYPE_STR(command.content_type.c_str()),
           SIPTAG_PAYLOAD(sip_payload_create(home.get(), command.body.data(), command.body.size())), TAG_END());
}

void Dialog::send_message(const SendMessage& command) {
  if (state_ == State::kAnswered || state_ == State::kAccepted) {  // the ACK is on its way
    after_ack_.push_back(command);
    return;
  }
  if (state_ != State::kConfirmed) return report(MessageAnswered{id_, 481});
  const Home home = make_home();
  const std::string lines = credentials_for("MESSAGE") + lines_of(command.headers);
  // No Contact (RFC 3428 §4).
  nua_message(handle_, SIPTAG_CONTACT(nullptr), SIPTAG_CONTENT_TYPE_STR(command.content_type.c_str()),
              SIPTAG_PAYLOAD(sip_payload_create(home.get(), command.body.data(), command.body.size())),
              TAG_IF(!lines.empty(), SIPTAG_HEADER_STR(lines.c_str())), TAG_END());
}

void Dialog::send_what_waited() {
  for (const SendMessage& message : std::exchange(after_ack_, {})) send_message(message);
}

void Dialog::answer_offer(const AnswerOffer& command) {
  const Change change = std::exchange(change_, Change::kNone);
  const MessageRef update = std::move(update_);
  const char* description = command.sdp.c_str();
  switch (change) {
    case Change::kNone:
      return;
    case Change::kInvite:
      awaits_answer_ = !change_has_offer_;
      nua_respond(handle_, SIP_200_OK, SIPTAG_CONTACT_STR(contact_.c_str()), SIPTAG_CONTENT_TYPE_STR(kSdp),
                  SIPTAG_PAYLOAD_STR(description), TAG_END());
      return;
    case Change::kUpdate:
      nua_respond(handle_, SIP_200_OK, NUTAG_WITH(update.get()), SIPTAG_CONTACT_STR(contact_.c_str()),
                  SIPTAG_CONTENT_TYPE_STR(kSdp), SIPTAG_PAYLOAD_STR(description), TAG_END());
      return;
    case Change::kAcknowledge:
      if (state_ == State::kAccepted) state_ = State::kConfirmed;
      nua_ack(handle_, SIPTAG_CONTENT_TYPE_STR(kSdp), SIPTAG_PAYLOAD_STR(description), TAG_END());
      send_what_waited();
      return;
  }
}

void Dialog::refuse_offer(const RefuseOffer& command) {
  // An offer in a 2xx cannot be refused, only left (RFC 3261 §14.1).
  if (change_ == Change::kAcknowledge) return send_bye({});
  const Change change = std::exchange(change_, Change::kNone);
  const MessageRef update = std::move(update_);
  const int status = command.status >= 300 && command.status < 700 ? command.status : 488;
  if (change == Change::kInvite) nua_respond(handle_, status, phrase_of(status), TAG_END());
  if (change == Change::kUpdate) {
    nua_respond(handle_, status, phrase_of(status), NUTAG_WITH(update.get()), TAG_END());
  }
}

// ---- changes of ours ----

void Dialog::offer(const Offer& command) {
  if (state_ != State::kConfirmed && state_ != State::kAnswered && state_ != State::kAccepted) return;
  if (offers_refused_ != 0) return report(OfferAnswered{id_, offers_refused_, {}});
  if (queued_offer_ || (our_offer_.is_open() && our_offer_.is_wanted())) return report(OfferAnswered{id_, 491, {}});
  if (our_offer_.state() == OurOffer::State::kSent) {  // a refresh
    queued_offer_ = command.sdp;
    return;
  }
  const auto now = base::Clock::now();
  our_offer_.ask(command.sdp, true, now);
  try_offer(now);
}

void Dialog::try_offer(base::Time now) {
  if (our_offer_.state() != OurOffer::State::kWaiting || now < our_offer_.due()) return;
  if (state_ == State::kLeaving || state_ == State::kOver) return our_offer_.clear();
  if (state_ != State::kConfirmed || change_ != Change::kNone || awaits_answer_) {
    our_offer_.wait_until(now + kOfferPatience);
    thread_.wake_at(id_, our_offer_.due());
    return;
  }
  our_offer_.set_sent();
  refresh_at_.reset();
  const std::string& description = our_offer_.description();
  invite_had_offer_ = !description.empty();
  const std::string lines = credentials_for("INVITE");
  nua_invite(handle_, TAG_IF(!lines.empty(), SIPTAG_HEADER_STR(lines.c_str())), SIPTAG_CONTACT_STR(contact_.c_str()),
             TAG_IF(invite_had_offer_, SIPTAG_CONTENT_TYPE_STR(kSdp)),
             TAG_IF(invite_had_offer_, SIPTAG_PAYLOAD_STR(description.c_str())), TAG_END());
}

void Dialog::close_offer(int status, std::string answer) {
  if (our_offer_.is_wanted()) report(OfferAnswered{id_, status, std::move(answer)});
  our_offer_.clear();
  if (auto next = std::exchange(queued_offer_, {})) offer(Offer{id_, std::move(*next)});
}

// Where the peer takes no UPDATE, NUA refreshes the session by sending the last INVITE once more, with an SDP that may
// be long out of date. So one without SDP is made the last in time: the peer answers that with an offer.
void Dialog::note_refresher(const sip_t& response) {
  const sip_session_expires_t* expires = response.sip_session_expires;
  if (takes_update_ || expires == nullptr) return;
  if (expires->x_refresher != nullptr && su_casematch(expires->x_refresher, "uas") != 0) return;
  refresh_at_ = base::Clock::now() + std::chrono::milliseconds(1000) * expires->x_delta / 3;
  thread_.wake_at(id_, *refresh_at_);
}

// ---- the end ----

void Dialog::report(Event event) {
  if (!reported_) thread_.report(std::move(event));
}

void Dialog::give_up() {
  set_cause(EndCause::local, 408, "no answer to BYE");
  report_end();
}

void Dialog::report_end() {
  if (std::exchange(reported_, true)) return;
  thread_.report(*ended_);
}

void Dialog::set_cause(EndCause cause, int status, std::string reason, Headers headers) {
  if (!ended_) ended_ = Ended{id_, cause, status, std::move(reason), std::move(headers)};
}

}  // namespace sip
