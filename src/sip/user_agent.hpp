#pragma once
// The SIP side of the server: UAS and UAC over Sofia-SIP's NUA with its media engine off. It runs on a thread
// of its own (the signalling thread); the control thread talks to it by commands and hears from it by events, both
// plain values. It never looks inside an SDP body and never hears of calls: its unit is the dialog.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace sip {

using DialogId = std::uint64_t;  // never 0, never reused
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Options {
  std::vector<std::string> listen = {"udp:127.0.0.1:5060",
                                     "tcp:127.0.0.1:5060"};  // transport:address:port, port 0: any
  std::string software;                                      // for Server: and User-Agent:
  std::chrono::seconds session_expires{1800};                // RFC 4028: what we ask for when the peer supports timers
  std::chrono::seconds min_se{90};
  std::vector<std::string> info_packages;
  // The folder where confirmed dialogs are noted down, so that after a kill the next start can say BYE; empty: nowhere.
  std::string notes;
};

// Answers digest challenges (RFC 8760, RFC 7616) of calls and registrations.
struct Credentials {
  std::string user, password;
  std::string realm;  // empty: any
};

// ---- what the user agent reports (all carry the dialog) ----

// An INVITE that starts a dialog. 100 has been sent. `offer` is empty for a late offer.
struct Incoming {
  DialogId dialog = 0;
  std::string call_id;      // SIP Call-ID
  std::string request_uri;  // as received
  std::string to;           // URI of To, without display name and parameters of the header
  std::string from;         // URI of From, likewise ("sip:anonymous@anonymous.invalid" and the like are kept)
  Headers headers;          // every header of the request, in order, as received (name, value)
  std::string offer;        // SDP, or empty
  std::string source;       // "udp:192.0.2.1:5060": where the request came from
  bool requires_100rel = false;
};
// The dialog is established: ACK came. `answer` holds its SDP for a late offer.
struct Established {
  DialogId dialog = 0;
  std::string answer;
};
// The peer wants to change the session (re-INVITE or UPDATE). Must be answered by AnswerOffer or RefuseOffer.
// `offer` is empty for a re-INVITE without SDP: we must offer (the answer comes back in Established).
struct Reoffered {
  DialogId dialog = 0;
  std::string offer;
  bool by_update = false;
};
// A call of ours (Invite): a provisional response but 100. `sdp` is set where it describes a session: the answer to our
// offer, at most once a dialog of the fork; a later fork's replaces it.
struct Progressed {
  DialogId dialog = 0;
  int status = 180;
  std::string sdp;
  Headers headers;
};
// A call of ours was answered with a 2xx, and acknowledged. `sdp`: the answer to our offer (once more that of a 1xx, if
// only that had it); or, for an Invite without one, the peer's offer, which must be answered by AnswerOffer (that sends
// the ACK). Empty: the peer said nothing.
struct Accepted {
  DialogId dialog = 0;
  std::string sdp;
  Headers headers;
};
// What became of an Offer of ours: 2xx with the peer's answer, or the status that it was refused with (the session goes
// on as it was). An Offer without SDP comes back as Reoffered instead.
struct OfferAnswered {
  DialogId dialog = 0;
  int status = 200;
  std::string sdp;
};
// A MESSAGE (RFC 3428) in the dialog, already answered 200; or the answer to a SendMessage of ours.
struct Message {
  DialogId dialog = 0;
  std::string content_type;
  std::string body;
  Headers headers;
};
struct MessageAnswered {
  DialogId dialog = 0;
  int status = 200;
};
// A registration came to stand, was refreshed, or failed (status 0: no answer). It is tried again by itself.
struct Registered {
  std::string aor;
  int status = 200;
};

// The peer's answer arrived in a PRACK (our offer went out in a reliable 18x).
struct EarlyAnswer {
  DialogId dialog = 0;
  std::string answer;
};
// SIP INFO with its body (already answered 200). Unknown content is reported too.
struct Info {
  DialogId dialog = 0;
  std::string content_type;
  std::string body;
};
enum class EndCause {
  cancelled,   // CANCEL before the final answer
  remote_bye,  // BYE from the peer
  local,       // our own Reject, Redirect, Bye went through
  no_ack,      // the 2xx was never acknowledged
  no_prack,    // a reliable provisional response was never acknowledged
  timer,       // the session timer ran out, or a request of ours got 408 / no answer
  error,       // transport gone, 481 and the like; a call of ours that cannot go out: no such host (404), no answer
               // from the name service or no way there (503), not a SIP URI (400), sips or TLS (416)
  refused,     // a call of ours got a final 3xx-6xx (`status`; 3xx: not followed), or 487 after our Bye
  no_answer,   // a call of ours got no final response in its time
};
// The dialog is over; nothing more is reported of it, and commands for it are ignored.
struct Ended {
  DialogId dialog = 0;
  EndCause cause = EndCause::error;
  int status = 0;      // SIP status where there was one, else 0
  std::string reason;  // Reason header or phrase
  Headers headers;     // of the message that ended it (BYE, CANCEL, the refusal)
};
// The signalling thread has nothing left and is about to finish (after Shutdown).
struct Stopped {};

using Event = std::variant<Incoming, Established, Progressed, Accepted, Reoffered, OfferAnswered, EarlyAnswer, Info,
                           Message, MessageAnswered, Registered, Ended, Stopped>;

// ---- what it can be told ----

// 180 (or another 1xx). With `sdp` a 183-style early session. Sent reliably when the peer requires 100rel.
struct Progress {
  DialogId dialog = 0;
  int status = 180;
  std::string sdp;
  Headers headers;
};
// 200 with the SDP (an answer, or our offer when the INVITE had none).
struct Answer {
  DialogId dialog = 0;
  std::string sdp;
  Headers headers;
};
// A final 3xx-6xx. For a redirect, `contact` is the new target URI.
struct Reject {
  DialogId dialog = 0;
  int status = 603;
  std::string phrase;  // empty: the status's own
  std::string contact;
  Headers headers;
};
// A dialog that is not established is cancelled or refused.
struct Bye {
  DialogId dialog = 0;
  Headers headers;
};
// Calls somebody. Everything that follows is reported of `dialog`, which comes from new_dialog().
struct Invite {
  DialogId dialog = 0;
  std::string to;            // sip: URI, Request-URI and To
  std::string from;          // URI of From; empty: ours
  std::string from_display;  // display name; may be empty
  std::string sdp;           // the offer; empty: the peer must make one
  Headers headers;
  std::string proxy;  // sip: URI that it goes to first; empty: where `to` says
  std::optional<Credentials> credentials;
  int redirects = 0;                     // 3xx that may be followed
  std::chrono::milliseconds timeout{0};  // for a final response; 0: as long as the transaction lasts
};
// Changes the session by a re-INVITE with this offer; without SDP: the peer is to make one (Reoffered). One at a time:
// glare (491) is tried again by itself (RFC 3261 §14.1).
struct Offer {
  DialogId dialog = 0;
  std::string sdp;
};
struct SendInfo {
  DialogId dialog = 0;
  std::string content_type;
  std::string body;
};
struct SendMessage {
  DialogId dialog = 0;
  std::string content_type;
  std::string body;
  Headers headers;
};
// Keeps a registration (RFC 3261 §10) until Shutdown, which removes it.
struct Register {
  std::string registrar;  // sip: URI
  std::string aor;        // sip: URI that is registered
  Credentials credentials;
  std::chrono::seconds expires{3600};
};
// Answers Reoffered: 200 with this SDP.
struct AnswerOffer {
  DialogId dialog = 0;
  std::string sdp;
};
struct RefuseOffer {
  DialogId dialog = 0;
  int status = 488;
};
// From now on new INVITEs get 503 (with Retry-After) by themselves, or are reported again.
struct SetAccepting {
  bool accepting = true;
};
// Ends every dialog (BYE, CANCEL, 503), waits up to `grace` for the answers, reports Stopped, ends the thread.
struct Shutdown {
  std::chrono::milliseconds grace{2000};
};

using Command = std::variant<Progress, Answer, Reject, Bye, Invite, Offer, AnswerOffer, RefuseOffer, SendInfo,
                             SendMessage, Register, SetAccepting, Shutdown>;

class UserAgent {
 public:
  // `on_event` is called on the signalling thread; the owner passes events on to its own thread.
  UserAgent(Options options, std::function<void(Event)> on_event);
  ~UserAgent();  // joins the thread; hard stop if Shutdown was not sent

  // Binds every listener and starts the thread. An error names the address that could not be had.
  base::Result<void> start();
  // The addresses bound, "udp:127.0.0.1:5060", in the order of options.listen (ports filled in).
  std::vector<std::string> bound() const;
  // Any thread.
  DialogId new_dialog();
  void send(Command command);

  struct Stats {
    std::uint64_t invites = 0, refused_busy = 0, malformed = 0, dialogs = 0;
  };
  Stats stats() const;  // any thread

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sip
