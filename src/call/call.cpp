#include "call/call.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "call/calls.hpp"
#include "call/direct_media.hpp"
#include "call/joins.hpp"
#include "input/info_digit.hpp"

namespace call {

namespace log = base::log;
using base::Error;
using base::Kind;
using base::Result;

namespace {

// How long a BYE waits for the recordings to be finished, so that a slow disk does not keep the party on the line.
constexpr base::milliseconds kGoodbyeAfter{2000};

// A caller that is gone without a word must not ring for ever; RFC 3261 §13.3.1.1 lets proxies give up after three
// minutes.
constexpr base::milliseconds kUnansweredAfter = std::chrono::minutes(5);

Error unexpected(const char* text) { return {Kind::unexpected, text, base::Fault::peer}; }

const char* name_of(EndReason reason) {
  switch (reason) {
    case EndReason::hungup:
      return "hungup";
    case EndReason::hangup_command:
      return "hangup-command";
    case EndReason::timeout:
      return "timeout";
    case EndReason::busy:
      return "busy";
    case EndReason::rejected:
      return "rejected";
    case EndReason::error:
      return "error";
  }
  return "error";
}

// Why a party that we called did not answer (RFC 3261 §21).
EndReason reason_of_refusal(int status) {
  switch (status) {
    case 486:  // Busy Here
    case 600:  // Busy Everywhere
      return EndReason::busy;
    case 408:  // Request Timeout
    case 504:  // Server Time-out
      return EndReason::timeout;
    case 401:  // it wants to know who we are, and does not believe it
    case 403:  // Forbidden
    case 407:
    case 433:  // Anonymity Disallowed
    case 480:  // Temporarily Unavailable: do not disturb, mostly
    case 487:  // Request Terminated
    case 603:  // Decline
    case 606:  // Not Acceptable
    case 607:  // Unwanted
    case 608:  // Rejected
      return EndReason::rejected;
    default:
      return EndReason::error;
  }
}

// How the end of a dialog reads as the end of a call.
End end_of(sip::Ended&& event) {
  switch (event.cause) {
    case sip::EndCause::cancelled:
      return {EndReason::hungup, 487, std::move(event.headers)};
    case sip::EndCause::remote_bye:
      return {EndReason::hungup, 200, std::move(event.headers)};
    case sip::EndCause::no_ack:
    case sip::EndCause::no_prack:
    case sip::EndCause::no_answer:
    case sip::EndCause::timer:
      return {EndReason::timeout, 408, std::move(event.headers)};
    case sip::EndCause::refused:
      return {reason_of_refusal(event.status), event.status, std::move(event.headers)};
    case sip::EndCause::local:
    case sip::EndCause::error:
      break;
  }
  return {EndReason::error, event.status == 0 ? 500 : event.status, std::move(event.headers)};
}

void answer_all(std::vector<Started>& waiting, const Result<void>& outcome) {
  for (const Started& done : std::exchange(waiting, {})) done(outcome);
}

}  // namespace

Call::Call(Context& context, std::string id, sip::Incoming incoming, std::optional<sdp::Session> offer)
    : Host(context, id),
      to_(std::move(incoming.to)),
      from_(std::move(incoming.from)),
      headers_(std::move(incoming.headers)),
      dialog_(incoming.dialog),
      requires_100rel_(incoming.requires_100rel),
      offer_(std::move(offer)),
      session_(context, std::move(id)) {
  after(kUnansweredAfter, [](Call& call) {
    if (!call.is_inbound_unanswered()) return;
    log::info("call", "{}: nobody answered it", call.id());
    static_cast<void>(call.hangup({}, EndReason::timeout));
  });
}

Call::Call(Context& context, std::string id, Dial dial)
    : Host(context, id),
      to_(dial.to),
      from_(dial.from),
      dialog_(context.sip.new_dialog()),
      dial_(std::move(dial)),
      state_(State::dialling),
      session_(context, std::move(id)) {}

Call::~Call() { *alive_ = false; }

void Call::after(base::milliseconds delay, std::function<void(Call&)> action) {
  context().after(delay, [this, alive = alive_, action = std::move(action)] {
    if (*alive) action(*this);
  });
}

Result<void> Call::open_session() {
  const bool was_open = session_.is_open();
  if (auto opened = session_.open(); !opened) return opened;
  if (!was_open) context().note_endpoint(session_.endpoint(), *this);
  return {};
}

// ---- commands ----

Result<void> Call::dial() {
  if (auto opened = open_session(); !opened) return opened;
  sip::Invite invite = dial_->invite;
  invite.dialog = dialog_;
  if (!dial_->late_offer) invite.sdp = session_.offer();
  ++context().stats.dialled;
  log::info("call", "{}: dialling {} as {}", id(), invite.to, invite.from);
  context().sip.send(std::move(invite));
  return {};
}

Result<void> Call::accept(sip::Headers headers, bool early_media) {
  if (state_ != State::offered) return unexpected("the call has been accepted or answered already");
  if (early_media) {
    if (auto opened = open_early_media(std::move(headers)); !opened) return opened;
    state_ = State::accepted;
    return {};
  }
  std::string sdp;
  if (requires_100rel_ && !offer_ && !session_.is_open()) {
    // RFC 3261 §13.2.1: our offer belongs into the first reliable response.
    if (auto opened = open_session(); !opened) return opened;
    sdp = session_.offer();
    offered_early_ = true;
  }
  state_ = State::accepted;
  context().sip.send(sip::Progress{dialog(), 180, std::move(sdp), std::move(headers)});
  return {};
}

// 183 with our answer: the party hears us from now on, and is heard if it sends already (RFC 3960 §3).
Result<void> Call::open_early_media(sip::Headers headers) {
  if (!early_answer_.empty()) return {};
  if (!offer_) return unexpected("the call is unanswered, and its caller takes no media before the answer");
  if (auto opened = open_session(); !opened) return opened;
  auto answer = session_.answer(*offer_);
  if (!answer) return std::move(answer.error());
  early_answer_ = std::move(*answer);
  log::info("call", "{}: early media", id());
  context().sip.send(sip::Progress{dialog(), 183, early_answer_, std::move(headers)});
  return {};
}

Result<media::EndpointRef> Call::open_media() {
  if (state_ == State::ending) return Error{Kind::not_found, "the call is ending", base::Fault::peer};
  if (direct_ != nullptr) return unexpected("the media of the call goes to the other party directly");
  if (is_inbound_unanswered() && !session_.is_agreed()) {
    if (auto opened = open_early_media({}); !opened) return std::move(opened.error());
  }
  if (state_ != State::answered && !session_.is_agreed()) return unexpected("the call has not been answered");
  return session_.endpoint();
}

Result<void> Call::answer(sip::Headers headers) {
  if (!is_inbound_unanswered()) return unexpected("the call has been answered already");
  if (auto opened = open_session(); !opened) return opened;
  std::string sdp = early_answer_;
  if (offer_ && early_answer_.empty()) {
    auto answer = session_.answer(*offer_);
    if (!answer) return std::move(answer.error());
    sdp = std::move(*answer);
  } else if (!offer_ && !offered_early_) {
    sdp = session_.offer();
  }
  offer_.reset();
  state_ = State::answered;
  ++context().stats.answered;
  context().sip.send(sip::Answer{dialog(), std::move(sdp), std::move(headers)});
  log::info("call", "{}: answered", id());
  return {};
}

Result<void> Call::reject(RejectReason reason, sip::Headers headers) {
  if (state_ != State::offered) {
    return Error{Kind::not_allowed, "the call has been accepted or answered already", base::Fault::peer};
  }
  EndReason end = EndReason::rejected;
  int status = 603;
  if (reason == RejectReason::busy) end = EndReason::busy, status = 486;
  if (reason == RejectReason::error) end = EndReason::error, status = 500;
  begin_end({end, status, {}}, [this, status, headers = std::move(headers)] {
    context().sip.send(sip::Reject{dialog(), status, {}, {}, headers});
  });
  return {};
}

Result<void> Call::redirect(const std::string& uri, sip::Headers headers) {
  if (!is_inbound_unanswered()) return unexpected("only a call that was offered and not answered can be redirected");
  begin_end({EndReason::rejected, 302, {}}, [this, uri, headers = std::move(headers)] {
    context().sip.send(sip::Reject{dialog(), 302, {}, uri, headers});
  });
  return {};
}

Result<void> Call::hangup(sip::Headers headers, EndReason reason) {
  if (state_ == State::ending) return Error{Kind::not_found, "the call is ending already", base::Fault::peer};
  const int code = reason == EndReason::timeout ? 408 : state_ == State::answered ? 200 : dial_ ? 487 : 480;
  if (is_inbound_unanswered()) {
    begin_end({reason, code, {}}, [this, headers = std::move(headers)] {
      context().sip.send(sip::Reject{dialog(), 480, {}, {}, headers});
    });
  } else {
    begin_end({reason, code, {}}, [this, headers = std::move(headers)] {
      context().sip.send(sip::Bye{dialog(), headers});  // CANCEL, if there is no answer yet
    });
  }
  return {};
}

void Call::hold(bool holding, Started done) {
  if (state_ != State::answered) return done(unexpected("the call has not been answered"));
  if (direct_ != nullptr) return done(unexpected("the media of the call goes to the other party directly"));
  if (session_.is_offering()) return done(unexpected("another change of the session is under way"));
  if (session_.is_holding() == holding) return done({});
  session_.set_holding(holding);
  awaiting_hold_.push_back(std::move(done));
  context().sip.send(sip::Offer{dialog(), session_.offer()});
}

Result<void> Call::mute(bool muted) {
  if (!session_.is_open()) return unexpected("the call has no media yet");
  context().media.mute(endpoint(), muted);
  return {};
}

Result<void> Call::send_digits(const std::string& digits, base::milliseconds duration) {
  auto endpoint = open_media();
  if (!endpoint) return std::move(endpoint.error());
  if (!session_.may_send()) return unexpected("the party has put the call on hold and hears nothing");
  context().media.send_digits(*endpoint, digits, duration);
  return {};
}

void Call::send_message(const std::string& content_type, const std::string& body, Started done) {
  if (state_ != State::answered) return done(unexpected("the call has not been answered"));
  awaiting_message_.push_back(std::move(done));
  context().sip.send(sip::SendMessage{dialog(), content_type, body, {}});
}

// ---- the end ----

void Call::begin_end(End end, std::function<void()> goodbye) {
  log::info("call", "{}: ends: {} {}", id(), name_of(end.reason), end.platform_code);
  state_ = State::ending;
  end_ = std::move(end);
  goodbye_ = std::move(goodbye);
  const Error over{Kind::not_found, "the call has ended", base::Fault::peer};
  answer_all(awaiting_hold_, over);
  answer_all(awaiting_message_, over);
  context().joins->leave(*this);
  end_components();
  session_.close();  // ends every tap with `hangup`
  if (!has_components()) {
    say_goodbye();
  } else if (goodbye_) {
    after(kGoodbyeAfter, [](Call& call) { call.say_goodbye(); });
  }
  finish_if_done();
}

void Call::say_goodbye() {
  if (goodbye_) std::exchange(goodbye_, {})();
}

void Call::finish_if_done() {
  if (state_ != State::ending || has_components() || session_.is_open() || finishing_) return;
  finishing_ = true;
  say_goodbye();
  // Later, so that whoever gave the command that led here is answered first.
  after(base::milliseconds(0), [](Call& call) {
    ++call.context().stats.ended;
    call.context().observer.on_ended(call, *call.end_);
    call.context().over(call.id());  // destroys the call
  });
}

// ---- from the layers below ----

void Call::on_sip(const sip::Established& event) {
  if (event.answer.empty() || state_ == State::ending) return;
  if (auto taken = session_.take_answer(event.answer); !taken && !session_.is_agreed()) {
    static_cast<void>(hangup({}, EndReason::error));
  }
}

void Call::on_sip(const sip::EarlyAnswer& event) { on_sip(sip::Established{event.dialog, event.answer}); }

void Call::on_sip(const sip::Progressed& event) {
  if (state_ != State::dialling && state_ != State::ringing) return;
  // An answer that makes no sense is not the last word: the final one may.
  if (!event.sdp.empty()) static_cast<void>(session_.take_answer(event.sdp, true));
  if (state_ == State::dialling && event.status >= 180) {
    state_ = State::ringing;
    context().observer.on_ringing(*this, event.headers);
  }
}

void Call::on_sip(const sip::Accepted& event) {
  if (state_ != State::dialling && state_ != State::ringing) return;
  if (dial_->late_offer) {
    become_answered(event.headers);
    return context().joins->connect_directly(*this, event.sdp);
  }
  if (!event.sdp.empty()) static_cast<void>(session_.take_answer(event.sdp));
  session_.withdraw_offer();
  if (!session_.is_agreed()) {
    return begin_end({EndReason::error, 488, {}}, [this] { context().sip.send(sip::Bye{dialog(), {}}); });
  }
  become_answered(event.headers);
  context().joins->join_as_dialled(*this);
}

void Call::become_answered(const sip::Headers& headers) {
  state_ = State::answered;
  ++context().stats.answered;
  log::info("call", "{}: answered", id());
  context().observer.on_answered(*this, headers);
}

void Call::on_sip(const sip::Reoffered& event) {
  const auto refuse = [&](const std::string& why) {
    log::info("call", "{}: session change refused: {}", id(), why);
    context().sip.send(sip::RefuseOffer{dialog(), 488});
  };
  if (state_ == State::ending) return;
  if (direct_ != nullptr) return direct_->on_reoffered(*this, event.offer);
  if (!session_.is_open()) return refuse("no media yet");
  if (event.offer.empty()) {
    context().sip.send(sip::AnswerOffer{dialog(), session_.offer()});
    return;
  }
  const auto offer = sdp::parse(event.offer);
  if (!offer) return refuse(offer.error().text);
  auto answer = session_.answer(*offer);
  if (!answer) return refuse(answer.error().text);
  context().sip.send(sip::AnswerOffer{dialog(), std::move(*answer)});
}

void Call::on_sip(const sip::OfferAnswered& event) {
  if (state_ == State::ending) return;
  if (direct_ != nullptr) return direct_->on_offer_answered(*this, event.status, event.sdp);
  const bool agreed = event.status >= 200 && event.status < 300;
  Result<void> outcome;
  if (agreed) {
    outcome = session_.take_answer(event.sdp);
  } else {
    session_.withdraw_offer();
    outcome = Error{Kind::not_acceptable, "the party refused the change: SIP " + std::to_string(event.status),
                    base::Fault::destination};
  }
  if (!outcome && !awaiting_hold_.empty()) session_.set_holding(!session_.is_holding());
  answer_all(awaiting_hold_, outcome);
}

void Call::on_sip(const sip::Info& event) {
  log::debug("call", "{}: INFO {}", id(), event.content_type);
  const auto digit = input::parse_info(event.content_type, event.body);
  if (digit) context().calls->on_digit(*this, DigitWays::Way::info, {endpoint(), digit->key, digit->duration});
}

void Call::on_sip(const sip::Message& event) {
  if (state_ != State::ending) context().observer.on_message(*this, event);
}

void Call::on_sip(const sip::MessageAnswered& event) {
  if (awaiting_message_.empty()) return;
  const Started done = std::move(awaiting_message_.front());
  awaiting_message_.erase(awaiting_message_.begin());
  if (event.status >= 200 && event.status < 300) return done({});
  done(Error{Kind::not_supported, "the party refused the message: SIP " + std::to_string(event.status),
             base::Fault::destination});
}

void Call::on_sip(sip::Ended event) {
  if (state_ == State::ending) {
    goodbye_ = {};
    return finish_if_done();
  }
  if (!event.reason.empty()) log::info("call", "{}: {}", id(), event.reason);
  begin_end(end_of(std::move(event)), {});
}

void Call::on_media(const media::PartySilent&) {
  if (state_ == State::ending) return;
  log::warn("call", "{}: nothing was received from the party for too long", id());
  static_cast<void>(hangup({}, EndReason::timeout));
}

void Call::on_media(const media::Destroyed&) {
  session_.on_destroyed();
  finish_if_done();
}

void Call::on_digit(const media::Digit& digit) {
  log::debug("call", "{}: a digit of {} ms", id(), digit.duration.count());  // which one may be a secret
  context().observer.on_digit(*this, digit.digit, digit.duration);
}

}  // namespace call
