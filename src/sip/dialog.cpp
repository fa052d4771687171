#include "sip/dialog.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "sip/header_check.hpp"

namespace sip {
namespace {

constexpr const char* kSdp = "application/sdp";

// Headers that a client may set, as lines. Those that it may not are left out: the layers above have refused them
// already.
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

// The host of a URL as an address; unset if it is a name.
net::Address numeric(const char* host, const char* port) {
  const std::string text =
      std::string(host != nullptr ? host : "") + ":" + (port != nullptr && *port != 0 ? port : "5060");
  return net::Address::parse(text).value_or(net::Address());
}

// Where requests of ours go: the first Route or the Contact if that is a SIP URI with a numeric host that we can reach,
// else back to where the peer's own requests come from. Names are never looked up. NUA is always told, and never left
// to work it out from the URI: with one that it cannot use it fails to make its BYE, makes another for that, and so on
// without end.
std::string next_hop(const sip_t& request, const Source& source) {
  Source hop = source;
  const url_t* url = nullptr;
  if (request.sip_record_route != nullptr) {
    url = request.sip_record_route->r_url;
  } else if (request.sip_contact != nullptr) {
    url = request.sip_contact->m_url;
  }
  if (url != nullptr && url->url_type == url_sip && url_has_param(url, "maddr") == 0) {
    char transport[8] = "";
    url_param(url->url_params, "transport", transport, sizeof transport);
    const std::string_view wanted = transport;
    const bool is_tcp = wanted == "tcp" || wanted == "TCP" || (wanted.empty() && source.tcp);
    const bool is_known = is_tcp || wanted.empty() || wanted == "udp" || wanted == "UDP";
    const net::Address address = numeric(url->url_host, url->url_port);
    if (is_known && address.is_set() && address.family() == source.address.family() && address.port() != 0 &&
        !address.is_any()) {
      hop = {is_tcp, address};
    }
  }
  return "sip:" + hop.address.str() + (hop.tcp ? ";transport=tcp" : ";transport=udp");
}

}  // namespace

Dialog::Dialog(DialogId id, nua_handle_t* handle, std::string contact, const std::string& answer_lines,
               const Report& report)
    : id_(id), handle_(handle), contact_(std::move(contact)), answer_lines_(answer_lines), report_(report) {
  nua_handle_bind(handle_, this);
}

Dialog::~Dialog() {
  nua_handle_bind(handle_, nullptr);
  nua_handle_destroy(handle_);
}

// ---- what the peer does ----

void Dialog::on_invite(const sip_t& request, const Source& source, std::chrono::seconds session_expires) {
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
  const bool takes_update = sip_is_allowed(request.sip_allow, sip_method_update, "UPDATE") != 0;
  const auto expires = supports_option(request, "timer") ? static_cast<unsigned>(session_expires.count()) : 0U;
  nua_set_hparams(handle_, NUTAG_SESSION_TIMER(expires), NUTAG_UPDATE_REFRESH(takes_update), TAG_END());
  follow_target(request, source);
  report_(std::move(incoming));
}

void Dialog::follow_target(const sip_t& request, const Source& source) {
  // Only the first request sets the route (RFC 3261 §12.2), later ones the target behind it.
  if (!next_hop_.empty() && (has_route_ || request.sip_contact == nullptr)) return;
  has_route_ = request.sip_record_route != nullptr;
  std::string hop = next_hop(request, source);
  if (hop == next_hop_) return;
  next_hop_ = std::move(hop);
  nua_set_hparams(handle_, NUTAG_PROXY(next_hop_.c_str()), TAG_END());
}

void Dialog::on_reinvite(const sip_t& request, const Source& source) {
  if (!is_body_understood(request)) {
    nua_respond(handle_, SIP_415_UNSUPPORTED_MEDIA, SIPTAG_ACCEPT_STR(kSdp), TAG_END());
    return;
  }
  follow_target(request, source);
  change_ = Change::kInvite;
  Reoffered reoffered{id_, session_description(request), false};
  change_has_offer_ = !reoffered.offer.empty();
  if (!reported_) report_(std::move(reoffered));
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
  if (awaits_answer_) return respond(SIP_491_REQUEST_PENDING, nullptr);
  const bool unanswered = state_ == State::kInvited && !described_;
  if (change_ != Change::kNone || unanswered) return respond(SIP_500_INTERNAL_SERVER_ERROR, "5");
  change_ = Change::kUpdate;
  change_has_offer_ = true;
  update_.reset(msg_ref(message));
  if (!reported_) report_(std::move(reoffered));
}

void Dialog::on_info(const sip_t& request, msg_t* message) {
  nua_respond(handle_, SIP_200_OK, NUTAG_WITH(message), TAG_END());
  if (!reported_) report_(Info{id_, content_type_of(request), body_of(request)});
}

void Dialog::on_ack(const sip_t& request) {
  const bool is_first = state_ == State::kAnswered;
  if (!is_first && !awaits_answer_) return;
  Established established{id_, awaits_answer_ ? session_description(request) : std::string()};
  awaits_answer_ = false;
  if (is_first) state_ = State::kConfirmed;
  if (!reported_) report_(std::move(established));
  if (is_first && bye_wanted_) send_bye({});
}

void Dialog::on_prack(const sip_t& request) {
  if (state_ != State::kInvited) return;
  if (awaits_answer_) {
    EarlyAnswer early{id_, session_description(request)};
    awaits_answer_ = early.answer.empty();
    if (!early.answer.empty() && !reported_) report_(std::move(early));
  }
  awaits_prack_ = false;
  auto waiting = std::exchange(after_prack_, {});
  for (const auto& command : waiting) {  // those that must wait once more queue again
    if (const auto* provisional = std::get_if<Progress>(&command)) progress(*provisional);
    if (const auto* final = std::get_if<Answer>(&command)) answer(*final);
  }
}

void Dialog::on_cancel(const sip_t* request) {
  if (state_ != State::kInvited) {  // of a re-INVITE: NUA has answered it 487
    change_ = Change::kNone;
    return;
  }
  set_cause(EndCause::cancelled, 487, request != nullptr ? reason_of(*request) : std::string(),
            request != nullptr ? headers_of(*request) : Headers());
}

void Dialog::on_bye(const sip_t& request) {
  set_cause(EndCause::remote_bye, 0, reason_of(request), headers_of(request));
}

void Dialog::on_bye_answered(int status) {
  if (status < 200) return;
  // A BYE that nobody asked for is NUA's: the session timer has run out.
  if (state_ == State::kLeaving) {
    set_cause(EndCause::local, status, {});
  } else {
    set_cause(EndCause::timer, 408, "session timer expired");
  }
}

void Dialog::on_refresh_answered(int status, const sip_t* response) {
  if (status == 408 || status == 481) set_cause(EndCause::timer, status, "session refresh failed");
  if (status < 200 || status >= 300 || response == nullptr) return;
  if (response->sip_cseq == nullptr || response->sip_cseq->cs_method != sip_method_invite) return;
  Reoffered reoffered{id_, session_description(*response), false};
  if (reoffered.offer.empty()) {
    nua_ack(handle_, TAG_END());
    return;
  }
  change_ = Change::kAcknowledge;
  change_has_offer_ = true;
  if (!reported_) report_(std::move(reoffered));
}

void Dialog::on_error(int status, const char* phrase) {
  const std::string_view text = phrase != nullptr ? phrase : "";
  base::log::debug("sip", "dialog {}: {} {}", id_, status, text);
  if (text == "ACK Timeout") set_cause(EndCause::no_ack, 408, std::string(text));
  if (text == "PRACK Timeout" || text == "Reliable Response Timeout")
    set_cause(EndCause::no_prack, 504, "PRACK Timeout");
}

void Dialog::on_terminated(int status, const char* phrase) {
  set_cause(EndCause::error, status, phrase != nullptr ? phrase : "");
  state_ = State::kOver;
  report_end();
}

// ---- what we do ----

void Dialog::progress(const Progress& command) {
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

void Dialog::answer(const Answer& command) {
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

void Dialog::reject(const Reject& command) {
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

void Dialog::bye(const Bye& command) {
  if (state_ == State::kInvited) return reject(Reject{id_, 480, {}, {}, command.headers});
  if (state_ == State::kAnswered) {
    bye_wanted_ = true;
    return;
  }
  if (state_ == State::kConfirmed) send_bye(command.headers);
}

void Dialog::send_bye(const Headers& headers) {
  state_ = State::kLeaving;
  const std::string lines = lines_of(headers);
  nua_bye(handle_, TAG_IF(!lines.empty(), SIPTAG_HEADER_STR(lines.c_str())), TAG_END());
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
      nua_ack(handle_, SIPTAG_CONTENT_TYPE_STR(kSdp), SIPTAG_PAYLOAD_STR(description), TAG_END());
      return;
  }
}

void Dialog::refuse_offer(const RefuseOffer& command) {
  const Change change = std::exchange(change_, Change::kNone);
  const MessageRef update = std::move(update_);
  const int status = command.status >= 300 && command.status < 700 ? command.status : 488;
  switch (change) {
    case Change::kNone:
      return;
    case Change::kInvite:
      nua_respond(handle_, status, phrase_of(status), TAG_END());
      return;
    case Change::kUpdate:
      nua_respond(handle_, status, phrase_of(status), NUTAG_WITH(update.get()), TAG_END());
      return;
    case Change::kAcknowledge:  // an offer in a 2xx cannot be refused, only left (RFC 3261 §14.1)
      nua_ack(handle_, TAG_END());
      send_bye({});
      return;
  }
}

void Dialog::leave() {
  if (state_ == State::kInvited) {
    reject(Reject{id_, 503, {}, {}, {{"Retry-After", "10"}}});
  } else if (state_ == State::kAnswered || state_ == State::kConfirmed) {
    send_bye({});
  }
}

void Dialog::give_up() {
  set_cause(EndCause::local, 408, "no answer to BYE");
  report_end();
}

// ---- the end ----

void Dialog::set_cause(EndCause cause, int status, std::string reason, Headers headers) {
  if (!ended_) ended_ = Ended{id_, cause, status, std::move(reason), std::move(headers)};
}

void Dialog::report_end() {
  if (std::exchange(reported_, true)) return;
  report_(*ended_);
}

}  // namespace sip
