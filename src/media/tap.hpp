#pragma once
// Records a stretch of a stream's timeline into a track: cuts at pause, resume and stop to the sample, mixes or
// interleaves, says of every block what it is, and judges max-duration, initial-timeout and final-timeout in recorded
// samples (XEP-0327 §7.13.5.1). Pure logic: knows neither sockets nor clocks. Owned by a media worker; feed() never
// allocates.
//
//   cues (position, pause | resume | stop) ──┐
//   frame ──▶ part that is recorded ──▶ limits, silence ──▶ blocks of one kind ──▶ Track
//        └──▶ part that is paused ──▶ mark (skip), or silence or a tone of the same length ──┘
//
// Commands carry the position at which they were given. The timeline is played out later than that, so they wait in
// a queue and are applied exactly there.
//
// Time paused counts for no limit, whatever it leaves in the file. What the writer could not take counts: silence
// stands in its place.

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
  // Between two frames, not in a tick (the track allocates): the timeline goes on at this rate, its positions so far
  // counted anew.
  void change_rate(std::uint32_t rate);
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
  struct Limits {
    std::optional<Position> max, initial, final;
  };

  void add(Cue cue);
  void apply_cues(Position until);
  void relabel(Position lost_before);
  Position record(const Frame& frame, Position from, Position to);
  void append(const Frame& frame, Position from, Position to);
  void copy(const Frame& frame, Position from, std::size_t count, std::int16_t* out) const;
  void fade(Position from, std::size_t count, std::int16_t* out) const;
  float gain(Position position) const;
  bool needs_gain(Position from, Position to) const;
  void pass_paused(Position from, Position to);
  std::int16_t pause_tone(Position position) const;
  std::int16_t* room(Kind kind, std::size_t frames);
  void flush();
  void count(Kind kind, Position frames);
  void push_marks();
  Limits limits() const;

  const TapId id_;
  record::Track* const track_;
  const record::Settings settings_;
  Position rate_;
  Position ramp_;  // samples over which a cut fades out and in
  Position start_;
  Limits limits_;

  std::vector<Cue> cues_;  // by position
  bool paused_;
  bool will_be_paused_;  // once all cues are applied
  bool stopping_ = false;
  bool was_resumed_ = false;
  std::optional<Position> resumed_at_;
  Position paused_at_;

  std::optional<audio::VoiceDetector> detector_;
  bool spoken_ = false;
  Position quiet_ = 0;  // recorded samples since the last sound

  std::array<std::int16_t, 2 * kMaxFrame> block_;
  std::size_t block_size_ = 0;
  Kind block_kind_ = Kind::received;  // of all that is in it
  Position recorded_ = 0;             // with what is in the block
  Position filled_ = 0;               // silence or tone for a pause, with what is in the block
  Position silent_run_ = 0;           // `silent` in the track since anything else that was recorded
  // For marks that are pushed before the next block.
  Position skipped_ = 0, overrun_ = 0;
  record::Stats stats_;
  std::optional<record::EndReason> ended_;
  bool unheard_ = false;
};

}  // namespace media
