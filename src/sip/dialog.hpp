#pragma once
// One INVITE dialog over one NUA handle (RFC 3261 §12): what is the same for both ends once it is established. How it
// comes about is IncomingCall's and OutgoingCall's. Signalling thread.
//
//   IncomingCall: kInvited ----> kAnswered --+      200, ACK                  Bye, expiry
//                                            +---> kConfirmed -----------------> kLeaving ----> kOver
//   OutgoingCall: kCalling ----> kAccepted --+         | BYE received                             ^
//                                                      +------------------------------------------+
//
// A change of the session (re-INVITE, UPDATE) is a second, smaller state: what the peer's is that is open (Change), and
// what ours is (see offer.hpp).

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "sip/dialog_note.hpp"
#include "sip/message.hpp"
#include "sip/offer.hpp"
#include "sip/sofia.hpp"
#include "sip/user_agent.hpp"

namespace sip {

// Headers that a client may set, as lines; those that it may not are left out: the layers above have refused them.
std::string lines_of(const Headers& headers);
const char* phrase_of(int status);

class Dialog {
 public:
  enum class State { kInvited, kAnswered, kCalling, kAccepted, kConfirmed, kLeaving, kOver };
  using Report = std::function<void(Event)>;
  // What every dialog needs of the thread that it lives on.
  struct Thread {
    Report report;
    std::function<void(DialogId, base::Time)> wake_at;  // calls on_time() then
    std::function<void(const std::string& name, const DialogNote&)> keep_note = {};
  };

  virtual ~Dialog();
  Dialog(const Dialog&) = delete;
  Dialog& operator=(const Dialog&) = delete;

  DialogId id() const { return id_; }
  // Once it is kOver, the dialog is to be destroyed.
  State state() const { return state_; }
  // As which it is noted down; empty: it is not, being unconfirmed.
  const std::string& note_name() const { return note_name_; }

  // ---- what the peer does ----
  void on_reinvite(const sip_t& request, const Source& source);
  void on_update(const sip_t& request, const Source& source, msg_t* message);
  void on_info(const sip_t& request, msg_t* message);
  void on_message(const sip_t& request, msg_t* message);
  virtual void on_ack(const sip_t& request);
  virtual void on_prack(const sip_t& /*request*/) {}
  virtual void on_cancel(const sip_t* request);
  void on_bye(const sip_t& request);
  // Answers to requests of ours; `response` is null for one that NUA made up.
  virtual void on_invite_answered(int status, const char* phrase, const sip_t* response, const Source& source);
  void on_update_answered(int status, const sip_t* response);
  void on_bye_answered(int status, const sip_t* response);
  void on_message_answered(int status, const sip_t* response);
  // To any other request.
  void on_answered(int status, const sip_t* response);
  // NUA's word that something went wrong by itself.
  void on_error(int status, const char* phrase);
  virtual void on_terminated(int status, const char* phrase);
  // A time that was asked for by wake_at() has come.
  virtual void on_time(base::Time now);

  // ---- what we do; what does not fit the state is ignored ----
  virtual void progress(const Progress& /*command*/) {}
  virtual void answer(const Answer& /*command*/) {}
  virtual void reject(const Reject& /*command*/) {}
  virtual void bye(const Bye& command);
  void offer(const Offer& command);
  void answer_offer(const AnswerOffer& command);
  void refuse_offer(const RefuseOffer& command);
  void send_info(const SendInfo& command);
  void send_message(const SendMessage& command);
  // Ends it, however far it has come.
  virtual void leave();
  // Reports the end though the peer has not answered.
  void give_up();
  // Reports the end if nobody has; to be called once it is kOver.
  void report_end();

 protected:
  Dialog(DialogId id, std::string contact, const Thread& thread)
      : id_(id), contact_(std::move(contact)), thread_(thread) {}

  void take(nua_handle_t* handle);  // destroys the one before
  void follow_target(const sip_t& message, const Source& source);
  void forget_route();  // the next message sets it
  // Confirmed by that message: from now on there is a note of it. `is_ours`: a response to a request of ours.
  void keep_note(const sip_t& message, bool is_ours);
  void report(Event event);  // not after the end
  // The session is established now.
  void send_what_waited();
  void send_bye(const Headers& headers);
  void start_leaving();
  void set_cause(EndCause cause, int status, std::string reason, Headers headers = {});
  // Answers a 401 or 407 that NUA has left to us; false if that cannot be done, or has been done in vain.
  virtual bool authenticate(const sip_t* /*response*/) { return false; }
  // Lines of credentials for a request in the dialog.
  virtual std::string credentials_for(const char* /*method*/) { return {}; }
  virtual bool made_call_id() const { return false; }
  void note_refresher(const sip_t& response);  // of a 2xx to an INVITE of ours with an offer
  // Whether the peer's UPDATE with an offer would meet one that is open (RFC 3311 §5.2), before the call is answered.
  virtual bool has_open_offer() const { return false; }

  // An open change of the session: a re-INVITE or UPDATE that we owe a final response, or a 2xx with the peer's offer
  // that we owe an ACK with the answer.
  enum class Change { kNone, kInvite, kUpdate, kAcknowledge };

  const DialogId id_;
  nua_handle_t* handle_ = nullptr;
  std::string contact_;  // ours, with brackets
  const Thread& thread_;

  State state_ = State::kInvited;
  bool awaits_answer_ = false;  // our offer is out, in a 2xx or a reliable 1xx; the peer's answer has not come
  Change change_ = Change::kNone;
  bool change_has_offer_ = false;
  std::vector<SendMessage> after_ack_;
  OurOffer our_offer_;
  bool invite_had_offer_ = false;  // our last INVITE, which NUA repeats for a refresh
  bool takes_update_ = false;      // the peer
  std::optional<Ended> ended_;

 private:
  void on_reinvite_accepted(const sip_t& response);
  void decline_challenge();
  void try_offer(base::Time now);
  void close_offer(int status, std::string answer);

  std::string next_hop_;  // where our requests go
  bool has_route_ = false;
  DialogNote note_;  // for the process after this one
  std::string note_name_;
  MessageRef update_;

  std::optional<std::string> queued_offer_;  // waits for the end of a refresh
  int offers_refused_ = 0;                   // a re-INVITE was challenged in vain, and NUA is stuck with it
  std::optional<base::Time> refresh_at_;

  base::Time leave_by_{};  // then the end is reported though nobody has answered
  bool reported_ = false;
};

}  // namespace sip
