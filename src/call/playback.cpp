#include "call/playback.hpp"

#include <utility>

#include "call/context.hpp"

namespace call {

void Playback::open(play::Request request, std::function<void(base::Result<void>)> opened) {
  state_ = State::opening;
  // Not called once it is closed, which the destructor does.
  id_ =
      context_.renderer.open(std::move(request), [this, opened = std::move(opened)](base::Result<play::Feed*> result) {
        state_ = result ? State::ready : State::over;
        if (!result) return opened(std::move(result.error()));
        feed_ = *result;
        opened({});
      });
}

void Playback::play() {
  if (state_ != State::ready) return;
  state_ = State::playing;
  context_.media.add_output(endpoint_, id_, *feed_);
}

void Playback::cease() {
  const State before = std::exchange(state_, State::over);
  if (before == State::playing) context_.media.remove_output(endpoint_, id_);
  if (before == State::opening || before == State::ready) context_.renderer.close(id_);
}

bool Playback::takes(const media::OutputEnded& event) {
  if (state_ != State::playing || event.output != id_) return false;
  state_ = State::over;
  return true;
}

void Playback::pause() { context_.renderer.pause(id_); }
void Playback::resume() { context_.renderer.resume(id_); }
void Playback::seek(std::chrono::milliseconds by) { context_.renderer.seek(id_, by); }
void Playback::change_speed(int units) { context_.renderer.change_speed(id_, units); }
void Playback::change_volume(int units) { context_.renderer.change_volume(id_, units); }

}  // namespace call
