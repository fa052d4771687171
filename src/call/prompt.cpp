#include "call/prompt.hpp"

#include <memory>
#include <utility>

#include "base/log.hpp"
#include "call/host.hpp"

namespace call {

namespace log = base::log;
using base::Error;
using base::Kind;
using base::Result;

void Prompt::start(Host& host, const std::string& id, PromptSettings settings, Started started) {
  const auto endpoint = host.open_media();
  if (!endpoint) return started(endpoint.error());
  auto made = std::make_unique<Prompt>(host, id, std::move(settings), *endpoint, std::move(started));
  Prompt& prompt = *made;
  host.add(std::move(made));
  prompt.open();
}

Prompt::Prompt(Host& host, std::string id, PromptSettings settings, media::EndpointRef endpoint, Started started)
    : Input(host, std::move(id), std::move(settings.input), endpoint),
      output_(std::move(settings.output)),
      barge_in_(settings.barge_in),
      started_(std::move(started)),
      playback_(host.context(), endpoint) {}

void Prompt::open() {
  playback_.open(output_.request(host().rate()), [this](Result<void> opened) { on_opened(std::move(opened)); });
}

void Prompt::on_opened(Result<void> opened) {
  if (!started_) return;  // the host has ended meanwhile
  const Started started = std::exchange(started_, {});
  if (!opened) {
    log::info("prompt", "{}/{}: not begun: {}", host().id(), id(), opened.error().text);
    abandon();
    return started(std::move(opened));
  }
  log::info("prompt", "{}/{}: begun", host().id(), id());
  state_ = State::playing;
  started({});
  if (barge_in_) listen();
  if (output_.max_time) {
    after(*output_.max_time, [this] { end_output(); });
  }
  playback_.play();
}

// Nothing is told of the output but that the input's timers start.
void Prompt::end_output() {
  if (state_ != State::playing) return;
  state_ = State::collecting;
  playback_.cease();
  if (!barge_in_) listen();
  host().context().observer.on_timers_started(host(), id());
  start_timers();
}

void Prompt::on_key() { end_output(); }

void Prompt::on_media(const media::OutputEnded& event) {
  if (!playback_.takes(event)) return;
  if (event.finished) return end_output();
  finish({.reason = InputOutcome::Reason::hangup});
}

Result<Playback*> Prompt::playback() {
  if (state_ == State::playing) return &playback_;
  return Error{Kind::unexpected, "the prompt's output is over", base::Fault::peer};
}

void Prompt::on_host_ends() {
  if (state_ != State::opening) return Input::on_host_ends();
  const Started started = std::exchange(started_, {});
  if (!started) return;
  abandon();
  started(Error{Kind::not_found, "the call has ended", base::Fault::peer});
}

}  // namespace call
