#pragma once
// Audio that is to be played to a call or a conference, as a media worker sees it: it reads 20 ms at a time. What fills
// it works on another thread; the two share no lock.

#include <cstdint>
#include <span>

namespace play {

class Feed {
 public:
  virtual ~Feed() = default;

  // Hz, mono; the same for its whole life.
  virtual std::uint32_t rate() const = 0;
  // The next out.size() samples: silence where it is paused or the audio is late. False: its end has come; what is
  // behind the end is silence, and it is not read again. In a tick: never allocates, waits or logs.
  virtual bool read(std::span<std::int16_t> out) = 0;
};

}  // namespace play
