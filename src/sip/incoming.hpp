#pragma once
// A dialog that the peer began: from its INVITE to our answer (RFC 3261 §13.3, RFC 3262 for reliable provisional
// responses). Signalling thread.

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sip/dialog.hpp"

namespace sip {

class IncomingCall final : public Dialog {
 public:
  // Takes over the handle. `contact` is ours, with brackets; `answer_lines` are further headers of every answer.
  IncomingCall(DialogId id, nua_handle_t* handle, std::string contact, const std::string& answer_lines,
               const Thread& thread);

  void on_invite(const sip_t& request, const Source& source, std::chrono::seconds session_expires);
  void on_ack(const sip_t& request) override;
  void on_prack(const sip_t& request) override;
  void on_cancel(const sip_t* request) override;

  void progress(const Progress& command) override;
  void answer(const Answer& command) override;
  void reject(const Reject& command) override;
  void bye(const Bye& command) override;
  void leave() override;

 private:
  bool has_open_offer() const override { return state_ == State::kInvited && !described_; }

  const std::string& answer_lines_;
  bool late_offer_ = false;
  bool requires_100rel_ = false;
  bool supports_100rel_ = false;
  bool described_ = false;     // our SDP is out, reliably: the 200 must not repeat it
  bool awaits_prack_ = false;  // a reliable response is out
  // What must wait for that PRACK: one reliable response at a time, and no 2xx before it (RFC 3262 §3). NTA would queue
  // them too, but loses track when the peer hangs up meanwhile: process_prack() then works on a freed request.
  std::vector<std::variant<Progress, Answer>> after_prack_;
  std::optional<Headers> bye_wanted_;  // as soon as the ACK is there (RFC 3261 §15)
  std::string phrase_;                 // NUA keeps a pointer to it
};

}  // namespace sip
