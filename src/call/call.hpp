#pragma once
// One SIP call as the domain sees it: signalling dialog, media session and components brought together, free of XML.
// Owned by the control thread.
//
//   inbound    offered ──accept──▶ accepted ──answer──▶ answered ──▶ ending ──▶ (Observer::on_ended, destroyed)
//                 └──────── answer ────────────────────────┘            ▲
//                 └───────── reject, redirect, hangup, CANCEL, BYE, time-outs ┘
//   outbound   dialling ──18x──▶ ringing ──2xx──▶ answered ──▶ ending
//                 └────────────────┴─ 3xx-6xx, time-out, hangup ─▲
//
// Ending waits until every component is complete, so that its completion precedes the end of its call, and until the
// stream's ports are free again.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "call/context.hpp"
#include "call/digit_ways.hpp"
#include "call/direct_media.hpp"
#include "call/host.hpp"
#include "call/session.hpp"

namespace call {

enum class State { offered, accepted, dialling, ringing, answered, ending };

enum class RejectReason { decline, busy, error };

// A call that is to be made (XEP-0327 §6.2.1).
struct Dial {
  std::string to, from;         // as the client says them
  sip::Invite invite;           // what becomes of them; its dialog and description are the call's to fill in
  std::vector<JoinWish> joins;  // once it is answered
  bool late_offer = false;      // the party makes the offer: its media is meant for joins.front(), directly
};

class Call final : public Host {
 public:
  // `offer` is the parsed SDP of the INVITE; nothing for a late offer.
  Call(Context& context, std::string id, sip::Incoming incoming, std::optional<sdp::Session> offer);
  // One that begins with dial().
  Call(Context& context, std::string id, Dial dial);
  ~Call() override;

  std::string to() const override { return to_; }
  std::string from() const override { return from_; }
  const sip::Headers& headers() const { return headers_; }
  sip::Headers invite_headers() const override { return dial_ ? dial_->invite.headers : headers_; }
  State state() const { return state_; }
  sip::DialogId dialog() const { return dialog_; }
  Session& session() { return session_; }
  bool is_dialled() const { return dial_.has_value(); }
  const std::vector<JoinWish>& join_wishes() const { return dial_->joins; }  // of a call that was dialled

  // Host
  bool is_mixer() const override { return false; }
  bool is_ending() const override { return state_ == State::ending; }
  base::Result<media::EndpointRef> open_media() override;
  media::EndpointRef endpoint() const override { return session_.endpoint(); }
  std::uint32_t rate() const override { return session_.rate(); }

  // Commands. Each is refused with `unexpected` where the state does not allow it.
  // Sends the INVITE; an error if there is no port.
  base::Result<void> dial();
  // `early_media`: the party hears us (and may be recorded) from now on.
  base::Result<void> accept(sip::Headers headers, bool early_media = false);
  base::Result<void> answer(sip::Headers headers);
  base::Result<void> reject(RejectReason reason, sip::Headers headers);
  base::Result<void> redirect(const std::string& uri, sip::Headers headers);
  base::Result<void> hangup(sip::Headers headers, EndReason reason = EndReason::hangup_command);
  // The party is put on hold by a re-INVITE, or taken back. `done` when it has agreed.
  void hold(bool holding, Started done);
  // What it says is heard by nobody, and not recorded. Twice changes nothing.
  base::Result<void> mute(bool muted);
  // 0-9 * # A-D, each so long.
  base::Result<void> send_digits(const std::string& digits, base::milliseconds duration);
  // A SIP MESSAGE; `done` when the party has answered it.
  void send_message(const std::string& content_type, const std::string& body, Started done);

  // Its media goes to another party directly, or is about to.
  DirectMedia* direct() const { return direct_; }
  void set_direct(DirectMedia* direct) { direct_ = direct; }

  // From the layers below, by way of Calls.
  void on_sip(const sip::Established& event);
  void on_sip(const sip::Progressed& event);
  void on_sip(const sip::Accepted& event);
  void on_sip(const sip::Reoffered& event);
  void on_sip(const sip::OfferAnswered& event);
  void on_sip(const sip::EarlyAnswer& event);
  void on_sip(const sip::Info& event);
  void on_sip(const sip::Message& event);
  void on_sip(const sip::MessageAnswered& event);
  void on_sip(sip::Ended event);
  void on_media(const media::PartySilent& event);
  void on_media(const media::Destroyed& event);
  void on_digit(const media::Digit& digit);
  DigitWays& digit_ways() { return digit_ways_; }

 private:
  bool is_inbound_unanswered() const { return state_ == State::offered || state_ == State::accepted; }
  base::Result<void> open_session();
  base::Result<void> open_early_media(sip::Headers headers);
  void become_answered(const sip::Headers& headers);
  void begin_end(End end, std::function<void()> goodbye);
  void say_goodbye();
  void finish_if_done();
  void on_components_gone() override { finish_if_done(); }
  void after(base::milliseconds delay, std::function<void(Call&)> action);

  const std::string to_, from_;
  const sip::Headers headers_;
  const sip::DialogId dialog_;
  const bool requires_100rel_ = false;
  std::optional<Dial> dial_;           // of an outbound call
  std::optional<sdp::Session> offer_;  // the caller's, while it is unanswered
  std::string early_answer_;           // ours to it, once it went out in a 183
  bool offered_early_ = false;         // our offer went out in a reliable 18x
  State state_ = State::offered;
  Session session_;
  DirectMedia* direct_ = nullptr;
  DigitWays digit_ways_;
  std::vector<Started> awaiting_hold_;     // for the answer to our re-INVITE
  std::vector<Started> awaiting_message_;  // in order
  std::optional<End> end_;
  std::function<void()> goodbye_;  // ends the dialog; empty once done, or when the party ended it
  bool finishing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // callbacks that may outlive the call look here
};

}  // namespace call
