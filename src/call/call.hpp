#pragma once
// One SIP call as the domain sees it: signalling dialog, media stream and recordings brought together, free of XML.
// Owned by the control thread.
//
//   offered ──accept──▶ accepted ──answer──▶ answered ──▶ ending ──▶ (Observer::on_ended, destroyed)
//      └──────── answer ────────────────────────┘            ▲
//      └───────── reject, redirect, hangup, CANCEL, BYE, time-outs ┘
//
// Ending waits until every recording is finished, so that its completion precedes the end of its call, and until the
// stream's ports are free again.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "media/engine.hpp"
#include "record/recorder.hpp"
#include "sdp/negotiation.hpp"
#include "sip/user_agent.hpp"

namespace call {

enum class State { offered, accepted, answered, ending };

enum class EndReason {
  hungup,          // by the party
  hangup_command,  // by the client, or by the server on its way out
  timeout,         // the party was not heard of any more
  busy,            // the client refused: busy
  rejected,        // the client refused, or sent the caller elsewhere
  error,           // something failed
};

enum class RejectReason { decline, busy, error };

struct End {
  EndReason reason = EndReason::error;
  int platform_code = 0;  // SIP status; 0: none
  sip::Headers headers;
};

class Call;

// What the domain reports. Called on the control thread; never while a command of the same call is being executed.
class Observer {
 public:
  virtual ~Observer() = default;
  // A new call. False if there is nobody to control it: it is refused with 480.
  virtual bool on_offer(Call& call) = 0;
  // A recording is over; nothing more is reported of it.
  virtual void on_recorded(Call& call, const std::string& component, const record::Outcome& outcome) = 0;
  // The call is over, after all of its recordings. It is destroyed when this returns.
  virtual void on_ended(Call& call, const End& end) = 0;
};

struct Stats {
  std::uint64_t offered = 0, answered = 0, ended = 0, refused_codec = 0, refused_malformed = 0, refused_nobody = 0,
                refused_shutdown = 0, recordings = 0, recordings_unheard = 0, recordings_failed = 0;
};

// What a call needs of the world around it.
struct Context {
  sip::UserAgent& sip;
  media::Engine& media;
  record::Recorder& recorder;
  Observer& observer;
  std::function<void(base::milliseconds, std::function<void()>)> after;  // runs a function later, on the control thread
  std::string rtp_address;                                               // for SDP
  // Set by Calls: which call a stream belongs to; this call is over, destroy it.
  std::function<void(media::EndpointRef, Call&)> note_stream = {};
  std::function<void(const std::string& id)> over = {};
  Stats stats = {};
};

class Call {
 public:
  // `offer` is the parsed SDP of the INVITE; nothing for a late offer.
  Call(Context& context, std::string id, sip::Incoming incoming, std::optional<sdp::Session> offer);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  const std::string& id() const { return id_; }
  const std::string& to() const { return incoming_.to; }
  const std::string& from() const { return incoming_.from; }
  const sip::Headers& headers() const { return incoming_.headers; }
  State state() const { return state_; }
  sip::DialogId dialog() const { return incoming_.dialog; }
  media::EndpointRef stream() const { return stream_ ? stream_->ref : media::EndpointRef{}; }

  // Commands. Each is refused with `unexpected` where the state does not allow it.
  base::Result<void> accept(sip::Headers headers);
  base::Result<void> answer(sip::Headers headers);
  base::Result<void> reject(RejectReason reason, sip::Headers headers);
  base::Result<void> redirect(const std::string& uri, sip::Headers headers);
  base::Result<void> hangup(sip::Headers headers, EndReason reason = EndReason::hangup_command);

  // Starts a recording as component `component` (an id, unique in the server). `started` is called once, later or at
  // once: with nothing when the recording runs, or with the reason why it does not.
  void record(const std::string& component, const record::Settings& settings,
              std::function<void(base::Result<void>)> started);
  // not_found if there is no such recording (any more). Pausing twice, resuming what runs and stopping twice change
  // nothing.
  base::Result<void> pause(const std::string& component);
  base::Result<void> resume(const std::string& component);
  base::Result<void> stop(const std::string& component);

  // From the layers below, by way of Calls.
  void on_sip(const sip::Established& event);
  void on_sip(const sip::Reoffered& event);
  void on_sip(const sip::EarlyAnswer& event);
  void on_sip(const sip::Info& event);
  void on_sip(const sip::Progressed&) {}
  void on_sip(const sip::Accepted&) {}
  void on_sip(const sip::OfferAnswered&) {}
  void on_sip(const sip::Message&) {}
  void on_sip(const sip::MessageAnswered&) {}
  void on_sip(sip::Ended event);
  void on_media(const media::PartySilent& event);
  void on_media(const media::TapEnded& event);
  void on_media(const media::TapUnheard& event);
  void on_media(const media::Digit& event);
  void on_media(const media::OutputEnded&) {}
  void on_media(const media::Speaking&) {}
  void on_media(const media::Voice&) {}
  void on_media(const media::Destroyed& event);

 private:
  enum class RecordingState { opening, running, stopping, abandoned };
  struct Recording {
    record::RecordingId id = 0;  // the tap's id too
    RecordingState state = RecordingState::opening;
    record::Settings settings;
    std::function<void(base::Result<void>)> started;
  };

  base::Result<void> create_stream();
  sdp::Local local_description();
  void apply(sdp::Agreed agreed);
  base::Result<std::string> answer_to(const sdp::Session& offer);
  std::string offer_of_ours();
  std::string numbered(sdp::Session session);
  void take_answer(const std::string& text);
  void on_opened(const std::string& component, base::Result<record::Track*> opened);
  void on_finished(const std::string& component, const record::Outcome& outcome);
  void begin_end(End end, std::function<void()> goodbye);
  void say_goodbye();
  void finish_if_done();
  base::Result<Recording*> running(const std::string& component);
  void after(base::milliseconds delay, std::function<void(Call&)> action);

  Context& context_;
  const std::string id_;
  const sip::Incoming incoming_;
  std::optional<sdp::Session> offer_;      // the caller's, while it is unanswered
  std::optional<sdp::Session> our_offer_;  // ours, while it is unanswered
  std::optional<sdp::Agreed> agreed_;
  bool offered_early_ = false;  // our offer went out in a reliable 18x
  State state_ = State::offered;
  std::optional<media::CreatedStream> stream_;
  const std::uint64_t sdp_session_id_;
  std::uint64_t sdp_version_ = 0;
  std::string last_sdp_;  // what we last described, to number versions by RFC 3264 §8
  std::map<std::string, Recording> recordings_;
  std::optional<End> end_;
  std::function<void()> goodbye_;  // ends the dialog; empty once done, or when the party ended it
  bool finishing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // callbacks that may outlive the call look here
};

}  // namespace call
