#pragma once
// One RTP leg: everything between its sockets and its taps, on one timeline. Knows no sockets and no clock of its own:
// datagrams and time are passed in, what it sends goes to a Transport. Owned by a media worker; receive_*() and tick()
// never allocate, lock, log or throw; the commands may allocate.
//
//   receive_rtp ─▶ SourceLock ─▶ SourceStatistics ─▶ Playout ─▶ Warp ─▶ (DigitGate) ── frame, 200 ms later ──▶ taps
//                                     ├▶ DigitDetector        Drift ─┘                 heard ──────────────▶ (recv)
//                                     ├▶ Drift                                           │
//                                     └▶ Live ── frame, as soon as may be ──▶ others     │
//   receive_rtcp ─▶ SourceLock ─▶ RtcpSession                                            │
//   others, Outputs ─▶ Ear ──────────────────────────────────────────────────────────────┤
//   tick ─▶ Player (beeps) ─▶ Sender ─▶ Transport ◀──────────────────────────────────────┘
//
// The timeline's rate is that of the widest codec agreed on so far: it rises with a re-INVITE and never falls. What is
// sent has a timeline of its own, at the rate of the codec it is sent with.
//
// Recorded audio is played out `record_depth` behind its arrival, so that late packets still find their place. Whatever
// is to be recorded as heard by the party at position p must therefore be kept until p is played out (heard()).

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "media/beat.hpp"
#include "media/digit_gate.hpp"
#include "media/digit_sender.hpp"
#include "media/drift.hpp"
#include "media/ear.hpp"
#include "media/engine.hpp"
#include "media/event_queue.hpp"
#include "media/holds.hpp"
#include "media/live.hpp"
#include "media/outputs.hpp"
#include "media/player.hpp"
#include "media/playout.hpp"
#include "media/sender.hpp"
#include "media/source_lock.hpp"
#include "media/speech.hpp"
#include "media/taps.hpp"
#include "media/timeline.hpp"
#include "media/tone_detector.hpp"
#include "media/warp.hpp"
#include "rtp/rtcp_session.hpp"
#include "rtp/source_statistics.hpp"
#include "rtp/telephone_event.hpp"

namespace media {

class Transport {
 public:
  virtual ~Transport() = default;
  virtual bool send_rtp(std::span<const std::uint8_t> bytes, const net::Address& to) = 0;
  virtual bool send_rtcp(std::span<const std::uint8_t> bytes, const net::Address& to) = 0;
};

class Stream final : private Taps::Owner {
 public:
  struct Options {
    Idle idle = Idle::keepalive;
    std::chrono::milliseconds timeout{60000}, keepalive{15000}, record_depth{200};
    bool silence_digits = false;
  };

  // `transport` outlives the stream, `events` at least its stay there.
  Stream(EndpointRef ref, Options options, rtp::NtpClock ntp, Transport& transport, EventQueue& events);
  ~Stream();

  // ---- commands; `issued` is when control gave them ----
  void configure(const Format& format, base::Time issued);
  // Between two ticks, as a command: raises the timeline's rate if a packet of a wider codec has come that was agreed
  // on beside the first. It is not played out before that, unless record_depth is next to nothing.
  void adapt() {
    if (wanted_rate_ > timeline_.rate) change_rate(wanted_rate_);
  }
  void add_tap(TapId id, TapOptions options, base::Time issued);
  void pause_tap(TapId id, base::Time issued) { taps_.pause(id, issued); }
  void resume_tap(TapId id, base::Time issued) { taps_.resume(id, issued); }
  void stop_tap(TapId id, record::EndReason reason, base::Time issued) { taps_.stop(id, reason, issued); }
  void add_output(OutputId id, play::Feed& feed);
  void remove_output(OutputId id) { outputs_.remove(id); }
  // Plays a beep to the party, which is no part of any recording; returns when its tone ends.
  base::Time beep(base::Time now) override;
  bool can_beep() const override { return can_play(); }
  // Muted, the party is silent for all others and in its recordings, there as Kind::held.
  void mute(bool muted, base::Time issued);
  void watch_voice(bool on);
  // Keys that the party sends as tones are reported too; counted.
  void detect_tones(bool on);
  void send_keys(std::string_view keys, std::chrono::milliseconds duration);
  // Whether somebody hears the party live, and whether it hears somebody.
  void set_joined(bool is_heard, bool hears);
  // Who takes what is recorded, whether it has taps or not. Known until detach(), or for good after finish().
  void attach(FrameSink& sink);
  void detach(FrameSink& sink) { std::erase(sinks_, &sink); }
  // It has moved to another worker.
  void set_events(EventQueue& events);
  // Plays out all that has arrived, ends the taps, says BYE. Nothing may follow.
  void finish(base::Time issued);

  // ---- the media path ----
  void receive_rtp(std::span<const std::uint8_t> datagram, const net::Address& from, base::Time arrival);
  void receive_rtcp(std::span<const std::uint8_t> datagram, const net::Address& from, base::Time arrival);
  // A datagram that was longer than any packet may be.
  void receive_truncated() { ++stats_.malformed; }
  // So many the kernel has dropped, in all.
  void note_overflow(std::uint32_t dropped) { stats_.overflowed = dropped; }
  void tick(base::Time now);
  // Each beat, behind the tick: first every stream begins it, then who hears others gets what they said in sum(), then
  // every stream ends it.
  void begin_beat(Beat beat);
  std::span<const std::int16_t> spoken() const { return {spoken_.data(), spoken_size_}; }
  Sum& sum() { return ear_->sum(); }
  void end_beat(Beat beat);

  EndpointRef ref() const { return ref_; }
  // It is sending audio, or about to, or heard: it must tick every 20 ms. Otherwise every few ticks will do.
  bool is_lively() const { return lively_ || is_live(); }
  bool is_live() const { return live_ != nullptr || is_listening(); }
  bool is_configured() const { return configured_; }
  // It gets audio each beat.
  bool is_listening() const { return ear_ != nullptr && (hears_ || !outputs_.is_empty()); }
  bool is_speaking() const { return speech_ && speech_->is_speaking(); }
  const Timeline& timeline() const { return timeline_; }
  // What is recorded has come so far.
  Position recorded_until() const { return configured_ ? warp_->cursor() : 0; }
  bool has_rtcp_port() const { return !format_.rtcp_mux; }
  std::size_t tap_count() const { return taps_.size(); }
  std::size_t output_count() const { return outputs_.size(); }
  const StreamStats& stats() const { return stats_; }
  const rtp::RtcpSession& rtcp() const { return rtcp_; }

 private:
  void begin(const Format& format, base::Time issued);
  void take_formats(const Format& format);
  void change_rate(std::uint32_t rate);
  enum class PayloadKind { audio, event, noise, unknown };
  PayloadKind kind_of(std::uint8_t payload_type) const;
  bool is_negotiated(std::uint8_t payload_type) const;
  bool is_repeat_of_previous_source(std::uint32_t ssrc, base::Time arrival) const;
  std::uint32_t event_clock() const { return std::max<std::uint32_t>(format_.telephone_event_clock, 1); }
  void receive_event(const rtp::Packet& packet, base::Time arrival);
  void advance(Position until);
  void advance_frame();
  void skip(Position until);
  void feed(const FrameBuffer& frame);
  void push_digit(const rtp::DigitDetector::Digit& digit);

  void find_tones(std::span<const std::int16_t> frame);

  // Somebody wants what is played out.
  bool is_recorded() const { return !taps_.is_empty() || !sinks_.empty() || tone_watchers_ > 0; }
  bool can_play() const;
  bool can_hear() const { return can_play() && !format_.held; }
  void prepare_live();
  bool send_events(base::Time now);
  bool has_tones() const;
  void send_audio(base::Time now);
  void send_heard(base::Time now);
  void render_sent(Position at, std::span<std::int16_t> out) const;
  void send_keepalive(base::Time now);
  void send_report(base::Time now, bool bye);
  void send(std::span<const std::uint8_t> packet);
  net::Address rtcp_target() const;
  void watch_silence(base::Time now);

  const EndpointRef ref_;
  const Options options_;
  Transport& transport_;
  EventQueue* events_;

  bool configured_ = false;
  Format format_;
  std::array<bool, 128> audio_types_{};
  std::uint8_t keepalive_type_ = 126;
  Timeline timeline_;
  std::uint32_t wanted_rate_ = 0;
  Position depth_ = 0;
  Timeline send_timeline_;
  Holds holds_;

  SourceLock rtp_lock_, rtcp_lock_;
  rtp::SourceStatistics source_;
  std::optional<std::uint32_t> previous_ssrc_;
  base::Time source_changed_{};
  rtp::DigitDetector digits_;
  struct Event {
    std::uint32_t timestamp = 0;
    Position begin = 0;
  };
  std::optional<Event> event_;  // the digit being pressed, or the last one
  std::unique_ptr<Playout> playout_;
  std::unique_ptr<Warp> warp_;
  std::unique_ptr<Drift> drift_;
  std::uint64_t drift_epoch_ = 0;          // the playout's resyncs when drift was measured last
  std::unique_ptr<DigitGate> digit_gate_;  // where digits are not to be recorded
  std::unique_ptr<Player> player_;
  Sender sender_;
  rtp::RtcpSession rtcp_;

  // Keys: see stream_keys.cpp.
  int tone_watchers_ = 0;
  std::unique_ptr<ToneDetector> tones_;
  std::unique_ptr<DigitSender> keys_;
  bool sends_event_ = false;  // in place of audio

  Taps taps_;
  std::vector<FrameSink*> sinks_;
  bool lively_ = false;

  // The live side.
  std::vector<PayloadFormat> known_;  // all that was ever agreed on
  std::unique_ptr<Live> live_;
  std::unique_ptr<Ear> ear_;
  std::optional<Speech> speech_;
  Outputs outputs_;
  Holds mutes_;
  bool is_heard_ = false, hears_ = false;
  int voice_watchers_ = 0;
  std::vector<std::int16_t> spoken_;
  std::size_t spoken_size_ = 0;

  base::Time last_received_{};
  bool silence_told_ = false;
  base::Time next_keepalive_{};
  StreamStats stats_;
};

}  // namespace media
