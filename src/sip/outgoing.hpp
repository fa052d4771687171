#pragma once
// A call of ours: from Invite to the final response, over as many INVITEs as redirects make of it (RFC 3261 §13.2).
// Signalling thread.
//
//   look up --> INVITE --> 1xx ... --> 2xx: ACK; or kAccepted until our answer to the peer's offer is there
//      ^           |          |
//      +-----------+ 3xx      +-- Bye, timeout: CANCEL; and if a 2xx crosses it: ACK, BYE

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sip/dialog.hpp"
#include "sip/digest.hpp"
#include "sip/endpoint.hpp"
#include "sip/resolver.hpp"

namespace sip {

class OutgoingCall final : public Dialog {
 public:
  // What a call needs to get out.
  struct Exit {
    std::function<Endpoint*(const Source& hop)> endpoint;  // the one that reaches the hop best, or null
    Resolver& resolver;
    std::chrono::seconds session_expires, min_se;  // RFC 4028
  };

  OutgoingCall(const Invite& command, const Thread& thread, Exit& exit);

  void start();
  void on_found(const Resolver::Answer& answer);
  void on_invite_answered(int status, const char* phrase, const sip_t* response, const Source& source) override;
  void on_terminated(int status, const char* phrase) override;
  void on_time(base::Time now) override;

  void bye(const Bye& command) override;
  void leave() override;

 private:
  bool authenticate(const sip_t* response) override;
  std::string credentials_for(const char* method) override { return digest_.lines(method, target_); }
  bool has_open_offer() const override { return state_ == State::kCalling && forks_.empty(); }
  bool made_call_id() const override { return true; }

  void call(const std::string& uri);
  void try_hops(const std::vector<Source>& hops);
  void send_invite();
  // The same INVITE again, with something more.
  void send_again(const sip_t& response);
  void on_progress(int status, const sip_t& response, const Source& source);
  void on_success(const sip_t& response, const Source& source);
  // True if the INVITE has been sent again, with what was asked for.
  bool comply(int status, const sip_t& response);
  bool redirect(const sip_t& response);
  void cancel(EndCause cause, int status, std::string reason, const Headers& headers);
  void finish(EndCause cause, int status, std::string reason, Headers headers = {});
  std::string from() const;

  const Invite command_;
  Exit& exit_;
  std::string uri_;     // Request-URI of the INVITE
  std::string target_;  // of what follows
  Endpoint* endpoint_ = nullptr;
  Source hop_;
  // Of an INVITE that is sent again: what stays the same (RFC 3261 §8.1.3.5), and its CSeq.
  std::string call_id_, from_tag_;
  std::uint32_t sequence_ = 0;
  int redirects_left_;
  std::set<std::string> tried_;  // Request-URIs
  bool is_cancelling_ = false;
  Digest digest_;
  std::chrono::seconds session_expires_, min_se_;
  std::map<std::string, std::string> forks_;  // To tag, and the SDP that came from there
  base::Time answer_by_ = base::Time::max();
};

}  // namespace sip
