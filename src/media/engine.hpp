#pragma once
// The media side as the control thread sees it: endpoints that live on worker threads and tick every 20 ms. An endpoint
// is a stream (one RTP leg) or a bridge (which sums what is joined to it). Control speaks to the workers by messages
// and hears from them by events; an endpoint is named by an id, and where it lives is the engine's affair.
//
//   control ── Mailbox ──▶ Worker 0..N-1 (tick 20 ms): Stream { sockets, jitter buffer, decoder, taps, player }, Bridge
//      ▲───── events ──────┘                                  └─ Track ─▶ writer          Feed ─▶ what is played
//
// What is joined lives on one worker, so that mixing needs no lock: a join across workers moves the smaller side,
// sockets included, and no packet is lost by it.

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "codec/codec.hpp"
#include "net/address.hpp"
#include "play/feed.hpp"
#include "record/settings.hpp"
#include "record/track.hpp"

namespace media {

struct EndpointRef {
  std::uint32_t id = 0;  // unique in the server, never reused; 0: none
  bool operator==(const EndpointRef&) const = default;
};

// What an idle call sends to its party, so that NATs open and stay open.
enum class Idle { keepalive, silence, none };

struct EngineOptions {
  std::string address = "127.0.0.1";  // where RTP is bound and what SDP says
  std::uint16_t first_port = 20000;   // inclusive; RTP takes even ports, RTCP the odd one above
  std::uint16_t last_port = 29999;
  Idle idle = Idle::keepalive;
  std::chrono::milliseconds timeout{60000};  // a party this long silent on the network is reported; 0: never
  std::chrono::milliseconds keepalive{15000};
  std::chrono::milliseconds record_depth{200};  // how long recorded audio waits for late packets
  int workers = 0;                              // 0: one per core
  bool silence_digits = false;                  // in what is recorded: events and in-band tones are silence
};

struct PayloadFormat {
  std::uint8_t payload_type = 0;
  const codec::Codec* codec = nullptr;
  std::string fmtp;  // the peer's
};

// How the stream talks to its party; from SDP.
struct Format {
  const codec::Codec* codec = nullptr;  // sent with, and what payload_type means
  std::uint8_t payload_type = 0;
  std::string fmtp;                 // the peer's, of the codec
  std::vector<PayloadFormat> also;  // further payload types that may arrive; the same sample rate and RTP clock
  std::optional<std::uint8_t> telephone_event_type;  // that events arrive with
  std::uint32_t telephone_event_clock = 8000;        // Hz; of their durations
  std::optional<std::uint8_t> comfort_noise_type;    // RFC 3389; nothing: not agreed on, 13 may come all the same
  std::chrono::milliseconds ptime{20};
  net::Address remote_rtp;  // unset or "any": nowhere to send until a packet comes
  net::Address remote_rtcp;
  bool rtcp_mux = false;
  bool may_send = true;        // our direction allows it
  bool may_receive = true;     // false: what arrives is dropped, and the timeout does not run
  bool held = false;           // by the party: the timeout does not run
  bool relearn_source = true;  // the signalling changed the address: lock on the next valid source anew
};

// Which way audio goes in a join, seen from the first that is named (XEP-0327 §7.11).
enum class Flow {
  duplex,
  send,  // from the first to the second only
  recv,  // from the second to the first only
};

using OutputId = std::uint64_t;
using TapId = std::uint64_t;
struct TapOptions {
  record::Settings settings;
  record::Track* track = nullptr;  // see record/track.hpp for its life
  // Begins at the audio that arrived then, at most record_depth ago; nothing: that arrives now.
  std::optional<base::Time> since = std::nullopt;
};

// ---- events, on the control thread ----
struct PartySilent {  // nothing received for EngineOptions::timeout
  EndpointRef endpoint;
};
struct TapEnded {  // the tap pushed its End for this reason; the recorder's Finished follows
  EndpointRef endpoint;
  TapId tap = 0;
  record::EndReason reason = record::EndReason::stop;
};
struct TapUnheard {  // 2 s after the recording began no packet had been received
  EndpointRef endpoint;
  TapId tap = 0;
};
struct Digit {  // RFC 4733 event, or a tone in the audio (see detect_tones), once, at its end
  EndpointRef endpoint;
  char digit = '0';
  std::chrono::milliseconds duration{0};
};
struct OutputEnded {  // nothing touches the feed any more
  EndpointRef endpoint;
  OutputId output = 0;
  bool finished = false;  // heard to its end; else: removed, or the endpoint is gone
};
struct Speaking {        // on a bridge: a stream joined to it began or ceased to speak
  EndpointRef endpoint;  // the bridge
  EndpointRef speaker;
  bool speaking = false;
};
struct Voice {  // see watch_voice
  EndpointRef endpoint;
  bool speaking = false;
};
struct Destroyed {  // the endpoint is gone, the ports of a stream free again
  EndpointRef endpoint;
};
using Event = std::variant<PartySilent, TapEnded, TapUnheard, Digit, OutputEnded, Speaking, Voice, Destroyed>;

struct StreamStats {
  std::uint64_t received = 0, lost = 0, late = 0, duplicate = 0, malformed = 0, foreign = 0, sent = 0, send_failed = 0,
                rtcp_received = 0, rtcp_sent = 0, resyncs = 0,
                overflowed = 0,  // dropped by the kernel, its buffer being full
      adjusted = 0,              // milliseconds of recorded audio that were resampled to follow the sender's clock
      live_concealed = 0,        // milliseconds that others heard made up, packets being late or lost
      live_depth = 0;            // milliseconds that others hear the party after its packets arrive; now, the deepest
};

struct CreatedStream {
  EndpointRef ref;
  std::uint16_t rtp_port = 0;
  std::uint16_t rtcp_port = 0;
};

class Engine {
 public:
  // `on_event` is called on worker threads (never inside a tick); the owner passes events to its own thread.
  Engine(EngineOptions options, std::function<void(Event)> on_event);
  ~Engine();  // stops and joins the workers; open taps get End (hangup)

  base::Result<void> start();  // an error if the address is not one of this machine

  // Control thread. Binds a port pair; no_resources when none is free. Sends and records nothing before configure().
  base::Result<CreatedStream> create();
  void configure(EndpointRef stream, Format format);
  // A bridge: whatever is joined to it hears the sum of all the others. Its rate is the widest of theirs; it only
  // rises.
  EndpointRef create_bridge();
  // Every open tap is drained of what has arrived and gets End(hangup), every output ends, every join is undone; for a
  // stream then RTCP BYE, sockets closed. Destroyed follows.
  void destroy(EndpointRef endpoint);

  // Two streams, or a stream and a bridge. Joined already: changes the flow. What a party hears is the sum of all that
  // flows to it and of the outputs on it.
  void join(EndpointRef one, EndpointRef other, Flow flow);
  void unjoin(EndpointRef one, EndpointRef other);

  // A tap begins at the audio that arrives from now on. Its id is the caller's choice, unique in the server. On a
  // bridge it records everyone, and what is played there.
  void add_tap(EndpointRef endpoint, TapId tap, TapOptions options);
  void pause_tap(EndpointRef endpoint, TapId tap);  // cuts at the audio that arrives now; twice changes nothing
  void resume_tap(EndpointRef endpoint, TapId tap);
  void stop_tap(EndpointRef endpoint, TapId tap, record::EndReason reason = record::EndReason::stop);

  // Plays it: on a stream to its party alone, on a bridge to everyone. `feed` must live until OutputEnded.
  void add_output(EndpointRef endpoint, OutputId output, play::Feed& feed);
  void remove_output(EndpointRef endpoint, OutputId output);

  // The party is not heard by anybody it is joined to, nor recorded; or is again.
  void mute(EndpointRef stream, bool muted);
  // Digits in the audio are reported too, where no RFC 4733 event says them; counted: on as often as off.
  void detect_tones(EndpointRef stream, bool on);
  // Voice is reported as the party begins and ceases to speak; counted likewise.
  void watch_voice(EndpointRef stream, bool on);
  // Sends digits (0-9 * # A-D), each so long, by RFC 4733 where agreed on, else as tones.
  void send_digits(EndpointRef stream, std::string digits, std::chrono::milliseconds duration);

  struct Stats {
    std::uint64_t ticks = 0, late_ticks = 0, streams = 0;
    StreamStats total;
  };
  Stats stats() const;  // any thread

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace media
