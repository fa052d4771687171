#pragma once
// A play thread: keeps the feeds of several renderings filled, by turns, every 50 ms while it has any; sleeps
// otherwise. May block on the disk and on nothing else.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <thread>

#include "base/inbox.hpp"
#include "base/result.hpp"
#include "play/rendering.hpp"

namespace play {

using RenderingId = std::uint64_t;

class Player {
 public:
  explicit Player(int number) : number_(number) {}
  ~Player() { stop(); }

  base::Result<void> start();
  // Ends the thread; what it has is gone, so no feed may be read any more.
  void stop();

  // Any thread. Behind remove() the rendering and its feed are gone.
  void add(RenderingId id, std::unique_ptr<Rendering> rendering);
  void seek(RenderingId id, std::chrono::milliseconds by);
  void change_speed(RenderingId id, int tenths);
  void remove(RenderingId id);

 private:
  enum class What { add, seek, change_speed, remove, stop };
  struct Command {
    What what;
    RenderingId id = 0;
    std::int64_t amount = 0;               // ms; tenths
    std::unique_ptr<Rendering> rendering;  // for add
  };

  void run();
  void obey(Command&& command);

  const int number_;
  base::Inbox<Command> inbox_;
  std::thread thread_;

  // The thread's own.
  std::map<RenderingId, std::unique_ptr<Rendering>> renderings_;
  bool stopping_ = false;
};

}  // namespace play
