#pragma once
// Records a stretch of a stream's timeline into a track: cuts at pause, resume and stop to the sample, mixes or
// interleaves, and judges max-duration, initial-timeout and final-timeout in recorded samples (XEP-0327 §7.13.5.1).
// Pure logic: knows neither sockets nor clocks. Owned by a media worker; feed() never allocates.
//
//   cues (position, pause | resume | stop) ──┐
//   frame ──▶ part that is recorded ──▶ limits, silence ──▶ block ──▶ Track
//
// Commands carry the position at which they were given. The timeline is played out later than that, so they wait in
// a queue and are applied exactly there.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "audio/voice_detector.hpp"
#include "media/engine.hpp"
#include "media/frame.hpp"

namespace media {

class Tap {
 public:
  // The track's rate must be the timeline's. Records from `start` on, unless it starts paused.
  Tap(TapId id, TapOptions options, Position start);

  TapId id() const { return id_; }
  const record::Settings& settings() const { return settings_; }
  Position start() const { return start_; }

  // False if it changes nothing: it is or will be so already, or it will have been stopped.
  bool pause(Position at);
  bool resume(Position at);
  bool stop(Position at, record::EndReason reason);
  // resume() has been called, with effect.
  bool was_resumed() const { return was_resumed_; }
  // There is a stop waiting in the queue.
  bool is_stopping() const { return stopping_; }

  // Frames come in order, without holes. Nothing more is done once ended.
  void feed(const Frame& frame);
  // Ends here and now, with what was fed.
  void end(record::EndReason reason);
  // Set once End is in the track, which must not be touched any more.
  std::optional<record::EndReason> ended() const { return ended_; }

  // True once: two seconds have passed since the start without a packet.
  bool take_unheard();

 private:
  struct Cue {
    enum class Kind { pause, resume, stop };
    Position at = 0;
    Kind kind = Kind::pause;
    record::EndReason reason = record::EndReason::stop;
  };
  using Limit = std::optional<Position>;

  void add(Cue cue);
  void apply_cues(Position until);
  Position record(const Frame& frame, Position from, Position to);
  void append(const Frame& frame, Position from, Position to);
  float gain(Position position) const;
  bool needs_gain(Position from, Position to) const;
  bool flush();
  Limit samples(std::optional<std::chrono::milliseconds> limit) const;

  const TapId id_;
  record::Track* const track_;
  const record::Settings settings_;
  const Position rate_;
  const Position ramp_;  // samples over which a cut fades out and in
  const Position start_;
  const Limit max_, initial_, final_;

  std::vector<Cue> cues_;  // by position
  bool paused_;
  bool will_be_paused_;  // once all cues are applied
  bool stopping_ = false;
  bool was_resumed_ = false;
  std::optional<Position> resumed_at_;

  audio::VoiceDetector detector_;
  bool spoken_ = false;
  Position quiet_ = 0;  // recorded samples since the last sound

  std::array<std::int16_t, 2 * kMaxFrame> block_;
  std::size_t block_size_ = 0;
  Position recorded_ = 0;  // with what is in the block
  record::Stats stats_;
  std::optional<record::EndReason> ended_;
  bool unheard_ = false;
};

}  // namespace media
