#pragma once
// Plays a program faster or slower without changing its pitch (libsonic). Owned by one thread.

#include <cstdint>
#include <memory>
#include <sonic.h>
#include <span>

#include "play/program.hpp"

namespace play {

class Tempo {
 public:
  Tempo(std::uint32_t rate, double speed);

  // The next samples of `program`, which it reads ahead; fewer than asked for, and then none, only at the end.
  std::size_t read(Program& program, std::span<std::int16_t> out);

 private:
  struct Destroy {
    void operator()(sonicStream stream) const { sonicDestroyStream(stream); }
  };
  std::unique_ptr<std::remove_pointer_t<sonicStream>, Destroy> stream_;
  bool flushed_ = false;
};

}  // namespace play
