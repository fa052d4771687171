#pragma once
// Audio that a component plays to its host: opened by the renderer, heard through an output of the host's endpoint. An
// output is made of one, a prompt begins with one. Owned by the component; control thread.
//
//   open() ──▶ opened(…) ──▶ play() ──▶ OutputEnded
//
// It may cease, or be destroyed, at any time. What was given to media is closed by Calls, behind OutputEnded.

#include <chrono>
#include <functional>

#include "base/result.hpp"
#include "media/engine.hpp"
#include "play/renderer.hpp"

namespace call {

struct Context;

class Playback {
 public:
  Playback(Context& context, media::EndpointRef endpoint) : context_(context), endpoint_(endpoint) {}
  ~Playback() { cease(); }
  Playback(const Playback&) = delete;
  Playback& operator=(const Playback&) = delete;

  // Once. `opened` is called later, unless this is gone by then.
  void open(play::Request request, std::function<void(base::Result<void>)> opened);
  // It is heard from now on.
  void play();
  // It is heard no more; nothing is reported. Twice changes nothing.
  void cease();
  // Whether that was the end of this; then it is over.
  bool takes(const media::OutputEnded& event);

  // See play::Renderer.
  void pause();
  void resume();
  void seek(std::chrono::milliseconds by);
  void change_speed(int units);
  void change_volume(int units);

 private:
  enum class State { idle, opening, ready, playing, over };

  Context& context_;
  const media::EndpointRef endpoint_;
  State state_ = State::idle;
  play::RenderingId id_ = 0;  // the output's too
  play::Feed* feed_ = nullptr;
};

// A component that takes an output's commands.
class Plays {
 public:
  virtual ~Plays() = default;
  // `unexpected` where it plays nothing any more.
  virtual base::Result<Playback*> playback() = 0;
};

}  // namespace call
