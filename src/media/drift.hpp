#pragma once
// Follows the sender's clock: how much faster or slower than ours its audio has to be played so that, over hours, it
// neither runs dry nor piles up. Measures the least lateness of the packets of each two seconds, since jitter only ever
// adds to it. Within 5 ms nothing is corrected, and audio passes bit by bit; beyond, a controller (proportional and
// integral, critically damped) brings it back, never faster than 0.3 % off the clock it has learnt. Up to 1.5 % are
// followed. Pure arithmetic; owned by a media worker; never allocates.

#include <cstdint>

#include "media/timeline.hpp"

namespace media {

class Drift {
 public:
  explicit Drift(std::uint32_t rate) : rate_(rate) {}

  // Of each packet of audio that is the newest; all in samples.
  void observe(Position lateness, Position arrival, Position duration);
  // The places of packets have changed: what was measured counts no more, what was learnt of the clock does.
  void restart();
  void change_rate(std::uint32_t rate);

  // Parts of one: 0.0002 plays 200 ppm faster. Zero: audio is to be left alone.
  double correction() const { return correction_; }

 private:
  void note_duration(Position duration);
  void close_window(Position arrival);
  void learn_large(double early, double seconds);

  std::uint32_t rate_;
  int packets_ = 0;     // of this window
  Position begin_ = 0;  // of this window, the first packet's arrival
  Position least_ = 0;  // lateness
  // Some send a packet when its audio begins and not when it is complete: with another packet length they seem to be
  // early or late all of a sudden. That is no drift: the offset to keep moves.
  Position duration_ = 0;
  int same_duration_ = 0;  // packets in a row
  bool moved_ = false;     // the next window says by how much
  Position offset_ = 0;    // lateness that counts as none
  bool fresh_ = true;      // the first window says which: the first packets may all have been held up a little
  bool measured_ = false;  // there was a window before
  double early_ = 0;       // seconds, at its end
  Position measured_at_ = 0;
  double slope_ = 0;  // of early_, between the last two windows

  bool active_ = false;
  double learnt_ = 0;
  double correction_ = 0;
  int calm_ = 0;  // windows in a row without need
};

}  // namespace media
