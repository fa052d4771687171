#pragma once
// What calls and mixers need of the world around them, and what they report to it. Control thread.

#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.hpp"
#include "call/component.hpp"
#include "media/engine.hpp"
#include "play/renderer.hpp"
#include "record/recorder.hpp"
#include "sip/user_agent.hpp"

namespace call {

class Call;
class Calls;
class Host;
class Joins;
class Mixer;
class Mixers;

enum class EndReason {
  hungup,          // by the party
  hangup_command,  // by the client, or by the server on its way out
  timeout,         // the party was not heard of any more, or did not answer in time
  busy,            // the party, or the client, refused: busy
  rejected,        // the party refused; the client refused, or sent the caller elsewhere
  error,           // something failed
};

struct End {
  EndReason reason = EndReason::error;
  int platform_code = 0;  // SIP status; 0: none
  sip::Headers headers;
};

// What the domain reports. Called on the control thread; never while a command of the same call is being executed.
class Observer {
 public:
  virtual ~Observer() = default;
  // A new call. False if there is nobody to control it: it is refused with 480.
  virtual bool on_offer(Call& call) = 0;
  // Of a call of ours.
  virtual void on_ringing(Call& call, const sip::Headers& headers) = 0;
  virtual void on_answered(Call& call, const sip::Headers& headers) = 0;
  // Two have been joined, or are joined no more; reported once for both.
  virtual void on_joined(Host& one, Host& other) = 0;
  virtual void on_unjoined(Host& one, Host& other) = 0;
  // After its last component. It is destroyed when this returns.
  virtual void on_mixer_gone(Mixer& mixer) = 0;
  virtual void on_speaking(Mixer& mixer, Call& speaker, bool speaking) = 0;
  virtual void on_digit(Call& call, char digit, base::milliseconds duration) = 0;
  virtual void on_message(Call& call, const sip::Message& message) = 0;
  // A component has something to say while it runs: a prompt's input timers have started.
  virtual void on_timers_started(Host& host, const std::string& component) = 0;
  // A component is over; nothing more is reported of it.
  virtual void on_complete(Host& host, const std::string& component, const Outcome& outcome) = 0;
  // The call is over, after all of its components. It is destroyed when this returns.
  virtual void on_ended(Call& call, const End& end) = 0;
};

struct Stats {
  std::uint64_t offered = 0, dialled = 0, answered = 0, ended = 0, refused_codec = 0, refused_malformed = 0,
                refused_nobody = 0, refused_shutdown = 0, recordings = 0, recordings_unheard = 0, recordings_failed = 0,
                joins = 0, mixers = 0;
};

struct Context {
  sip::UserAgent& sip;
  media::Engine& media;
  record::Recorder& recorder;
  play::Renderer& renderer;
  Observer& observer;
  std::function<void(base::milliseconds, std::function<void()>)> after;  // runs a function later, on the control thread
  std::string rtp_address;                                               // for SDP
  // Set by Calls.
  Calls* calls = nullptr;
  Mixers* mixers = nullptr;
  Joins* joins = nullptr;
  // Set by Calls: which host an endpoint belongs to; this call or mixer is over, destroy it.
  std::function<void(media::EndpointRef, Host&)> note_endpoint = {};
  std::function<void(const std::string& id)> over = {};
  Stats stats = {};
};

}  // namespace call
