#pragma once
// Keeps one address-of-record registered (RFC 3261 §10.2): refreshed in time, tried again with growing pauses when that
// fails, removed on leave(). Signalling thread.
//
//   kLookingUp ----> kAsking ----> kStanding, or kFailed          leave(): kLeaving ----> kOver
//       ^                              | in time, after a pause
//       +------------------------------+

#include <chrono>
#include <string>
#include <vector>

#include "sip/dialog.hpp"
#include "sip/digest.hpp"
#include "sip/outgoing.hpp"

namespace sip {

class Registration {
 public:
  enum class State { kLookingUp, kAsking, kStanding, kFailed, kLeaving, kOver };

  // `id` names it where a dialog's would: alarms, lookups.
  Registration(DialogId id, const Register& command, const Dialog::Thread& thread, OutgoingCall::Exit& exit);
  ~Registration();
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

  State state() const { return state_; }
  bool owns(const nua_handle_t* handle) const { return handle != nullptr && handle == handle_; }

  void start();
  void leave();
  void on_found(const Resolver::Answer& answer);
  void on_answered(int status, const sip_t* response, const Source& source);
  void on_time(base::Time now);

 private:
  void try_hops(const std::vector<Source>& hops);
  void send();
  void on_success(const sip_t& response);
  void fail(int status, std::chrono::seconds pause);
  void wake_in(std::chrono::milliseconds time);
  void drop_handle();

  const DialogId id_;
  const Register command_;
  const Dialog::Thread& thread_;
  OutgoingCall::Exit& exit_;
  const std::string call_id_;  // the same for all (RFC 3261 §10.2)
  Digest digest_;
  State state_ = State::kLookingUp;
  nua_handle_t* handle_ = nullptr;
  Endpoint* endpoint_ = nullptr;
  Source hop_;
  std::string contact_;
  int failures_ = 0;  // in a row
  base::Time due_{};
};

}  // namespace sip
