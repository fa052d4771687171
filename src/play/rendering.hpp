#pragma once
// One output at work: its program, played as often and as fast as was asked for, into its feed (XEP-0327 §6.5.3).
// Made by a loader, then owned by a play thread.
//
//   Program ─▶ (Tempo) ─▶ Feed      round and round: [program][interval][program] …
//
// Every position is a Place: a sample of the program, in one of its repetitions. The play marker is where the reader
// of the feed is, not how far ahead of it has been rendered.

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "play/buffered_feed.hpp"
#include "play/program.hpp"
#include "play/tempo.hpp"

namespace play {

struct Manner {
  std::chrono::milliseconds start_offset{0};  // of the first repetition
  bool start_paused = false;
  std::chrono::milliseconds repeat_interval{0};  // of silence between two repetitions
  std::uint64_t repeat_times = 1;                // 0: for ever
};

class Rendering {
 public:
  Rendering(Program program, const Manner& manner);

  BufferedFeed& feed() { return feed_; }

  // Makes as much as the feed should have. Soon again: at the latest in 200 ms.
  void fill();
  // Moves the play marker, within the program. Answers ask_flush(), as does change_speed().
  void seek(std::chrono::milliseconds by);
  // By tenths of the speed at which it was recorded, from half of that to double.
  void change_speed(int tenths);

 private:
  // The samples pushed from `pushed` on are the program's from `sample` on, `speed` of them to each.
  struct Stretch {
    std::uint64_t pushed = 0;
    std::uint64_t sample = 0;
    std::uint64_t repetition = 0;
    double speed = 1;  // 0: between two repetitions
  };
  struct Place {
    std::uint64_t sample = 0;
    std::uint64_t repetition = 0;
  };

  double speed() const { return tenths_ / 10.0; }
  Place marker() const;
  void go_to(Place place);
  void play_from(Place place);
  void note(std::uint64_t sample, double speed);
  std::size_t make(std::span<std::int16_t> out);
  void end_repetition();

  Program program_;
  const Manner manner_;
  BufferedFeed feed_;
  std::optional<Tempo> tempo_;  // none at the speed at which it was recorded
  int tenths_ = 10;
  std::deque<Stretch> stretches_;  // the first is the one that is being heard
  std::uint64_t repetition_ = 0;
  bool between_ = false;       // this repetition has ended, and it is not the last
  std::uint64_t silence_ = 0;  // samples that are still to come until the next
  bool made_any_ = false;      // of this repetition
  bool done_ = false;
};

}  // namespace play
