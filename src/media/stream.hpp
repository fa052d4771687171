#pragma once
// One RTP leg: everything between its sockets and its taps, on one timeline. Knows no sockets and no clock of its own:
// datagrams and time are passed in, what it sends goes to a Transport. Owned by a media worker; receive_*() and tick()
// never allocate, lock, log or throw; the commands may allocate.
//
//   receive_rtp ─▶ SourceLock ─▶ SourceStatistics ─▶ Playout ─▶ Warp ─▶ (DigitGate) ── frame, 200 ms later ──▶ taps
//                                     ├▶ DigitDetector        Drift ─┘                 heard ──────────────▶ (recv)
//                                     └▶ Drift                                           │
//   receive_rtcp ─▶ SourceLock ─▶ RtcpSession                                      (a later output or join)
//   tick ─▶ Player ─▶ Sender ─▶ Transport
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

#include "media/digit_gate.hpp"
#include "media/drift.hpp"
#include "media/engine.hpp"
#include "media/event_queue.hpp"
#include "media/holds.hpp"
#include "media/player.hpp"
#include "media/playout.hpp"
#include "media/sender.hpp"
#include "media/source_lock.hpp"
#include "media/tap.hpp"
#include "media/timeline.hpp"
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

class Stream {
 public:
  struct Options {
    Idle idle = Idle::keepalive;
    std::chrono::milliseconds timeout{60000}, keepalive{15000}, record_depth{200};
    bool silence_digits = false;
  };

  // `transport` and `events` outlive the stream.
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
  void pause_tap(TapId id, base::Time issued);
  void resume_tap(TapId id, base::Time issued);
  void stop_tap(TapId id, record::EndReason reason, base::Time issued);
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

  EndpointRef ref() const { return ref_; }
  // It is sending audio, or about to: it must tick every 20 ms. Otherwise every few ticks will do.
  bool is_lively() const { return lively_; }
  bool has_rtcp_port() const { return !format_.rtcp_mux; }
  std::size_t tap_count() const { return taps_.size() + waiting_.size(); }
  const StreamStats& stats() const { return stats_; }
  const rtp::RtcpSession& rtcp() const { return rtcp_; }

 private:
  struct WaitingTap {
    TapId id = 0;
    TapOptions options;
    bool resumed = false, paused = false;
    std::optional<record::EndReason> stopped = std::nullopt;
  };

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
  std::span<const std::int16_t> heard(Position position, std::size_t samples) const;
  void after_feeding(Tap& tap);
  void drop_ended_taps();
  void push_digit(const rtp::DigitDetector::Digit& digit);

  void start_tap(TapId id, TapOptions options, Position at);
  Tap* find(TapId id);
  bool can_play() const;
  base::Time beep(base::Time now);
  void send_audio(base::Time now);
  void send_keepalive(base::Time now);
  void send_report(base::Time now, bool bye);
  void send(std::span<const std::uint8_t> packet);
  net::Address rtcp_target() const;
  void watch_silence(base::Time now);

  const EndpointRef ref_;
  const Options options_;
  Transport& transport_;
  EventQueue& events_;

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

  std::vector<std::unique_ptr<Tap>> taps_;
  std::vector<WaitingTap> waiting_;  // for the first configure()
  bool lively_ = false;
  bool beep_wanted_ = false;  // a limit ended a recording in this tick

  base::Time last_received_{};
  bool silence_told_ = false;
  base::Time next_keepalive_{};
  StreamStats stats_;
};

}  // namespace media
