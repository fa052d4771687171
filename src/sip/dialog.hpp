#pragma once
// One INVITE dialog, as a UAS sees it (RFC 3261 §12, 3262, 3311, 4028), over one NUA handle. Signalling thread.
//
//            INVITE            200              ACK                 Bye, expiry
//   ------> kInvited ----> kAnswered ----> kConfirmed ----------------> kLeaving ----> kOver
//              |  Reject, CANCEL   | no ACK: BYE     | BYE received                      ^
//              +-------------------+-----------------+-----------------------------------+
//
// A change of the session (re-INVITE, UPDATE) is a second, smaller state: what of it is open.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sip/message.hpp"
#include "sip/sofia.hpp"
#include "sip/user_agent.hpp"

namespace sip {

class Dialog {
 public:
  enum class State { kInvited, kAnswered, kConfirmed, kLeaving, kOver };
  using Report = std::function<void(Event)>;

  // Takes over the handle. `contact` is ours, with brackets; `answer_lines` are further headers of every answer.
  Dialog(DialogId id, nua_handle_t* handle, std::string contact, const std::string& answer_lines, const Report& report);
  ~Dialog();
  Dialog(const Dialog&) = delete;
  Dialog& operator=(const Dialog&) = delete;

  DialogId id() const { return id_; }
  State state() const { return state_; }

  // ---- what the peer does ----
  void on_invite(const sip_t& request, const Source& source, std::chrono::seconds session_expires);
  void on_reinvite(const sip_t& request, const Source& source);
  void on_update(const sip_t& request, const Source& source, msg_t* message);
  void on_info(const sip_t& request, msg_t* message);
  void on_ack(const sip_t& request);
  void on_prack(const sip_t& request);
  void on_cancel(const sip_t* request);
  void on_bye(const sip_t& request);
  // An answer to a request of ours.
  void on_bye_answered(int status);
  void on_refresh_answered(int status, const sip_t* response);
  // NUA's word that something went wrong by itself.
  void on_error(int status, const char* phrase);
  void on_terminated(int status, const char* phrase);

  // ---- what we do ----
  void progress(const Progress& command);
  void answer(const Answer& command);
  void reject(const Reject& command);
  void bye(const Bye& command);
  void answer_offer(const AnswerOffer& command);
  void refuse_offer(const RefuseOffer& command);
  // Ends it, however far it has come.
  void leave();
  // Reports the end if nobody has; for a BYE of ours that stays unanswered.
  void give_up();

 private:
  // An open change of the session: a re-INVITE or UPDATE that we owe a final response, or a 2xx with the peer's offer
  // to a refresh of ours that we owe an ACK with the answer.
  enum class Change { kNone, kInvite, kUpdate, kAcknowledge };

  void follow_target(const sip_t& request, const Source& source);
  void send_bye(const Headers& headers);
  void set_cause(EndCause cause, int status, std::string reason, Headers headers = {});
  void report_end();

  const DialogId id_;
  nua_handle_t* const handle_;
  const std::string contact_;
  const std::string& answer_lines_;
  const Report& report_;

  State state_ = State::kInvited;
  bool late_offer_ = false;
  bool requires_100rel_ = false;
  bool supports_100rel_ = false;
  bool described_ = false;      // our SDP is out, reliably: the 200 must not repeat it
  bool awaits_answer_ = false;  // our offer is out, the peer's answer has not come
  bool awaits_prack_ = false;   // a reliable response is out
  // What must wait for that PRACK: one reliable response at a time, and no 2xx before it (RFC 3262 §3). NTA would queue
  // them too, but loses track when the peer hangs up meanwhile: process_prack() then works on a freed request.
  std::vector<std::variant<Progress, Answer>> after_prack_;
  bool bye_wanted_ = false;  // as soon as the ACK is there (RFC 3261 §15)
  std::string phrase_;       // NUA keeps a pointer to it
  std::string next_hop_;     // where our requests go
  bool has_route_ = false;

  Change change_ = Change::kNone;
  bool change_has_offer_ = false;
  MessageRef update_;

  std::optional<Ended> ended_;
  bool reported_ = false;
};

}  // namespace sip
