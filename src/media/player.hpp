#pragma once
// What is played to a party beside the conversation: beeps, one after the other, each with a little silence around it
// so that the phone's jitter buffer does not clip it. Pure logic on the stream's timeline. Owned by a media worker.

#include <cstdint>
#include <span>
#include <vector>

#include "media/timeline.hpp"

namespace media {

class Player {
 public:
  explicit Player(const Timeline& timeline);

  // Another rate from now on; what is queued keeps its place in time.
  void change_rate(const Timeline& timeline);
  // Queues a beep; returns where its tone ends. `now`: nothing can be played before it.
  Position add_beep(Position now);
  bool is_playing(Position at) const { return at < queue_end_; }
  // Where what is playing began.
  Position begin() const { return queue_begin_; }
  // Silence where nothing plays.
  void render(Position at, std::span<std::int16_t> out) const;

 private:
  std::vector<std::int16_t> beep_;
  Position pad_;
  std::uint32_t rate_;
  Position queue_begin_ = 0, queue_end_ = 0;  // beeps stand in it back to back
};

}  // namespace media
