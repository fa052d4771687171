#include "call/output.hpp"

#include <memory>
#include <string_view>
#include <utility>

#include "base/log.hpp"
#include "call/call.hpp"
#include "call/mixer.hpp"

namespace call {

namespace log = base::log;
using base::Result;
using Reason = OutputOutcome::Reason;

namespace {

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::stop:
      return "stop";
    case Reason::hangup:
      return "hangup";
    case Reason::error:
      return "error";
    case Reason::finish:
      return "finish";
    case Reason::max_time:
      return "max-time";
  }
  return "error";
}

}  // namespace

void Output::start(Host& host, const std::string& id, OutputSettings settings, Started started) {
  const auto endpoint = host.open_media();
  if (!endpoint) return started(endpoint.error());
  auto made = std::make_unique<Output>(host, id, std::move(settings), *endpoint, std::move(started));
  Output& output = *made;
  host.add(std::move(made));
  output.open();
}

Output::Output(Host& host, std::string id, OutputSettings settings, media::EndpointRef endpoint, Started started)
    : Component(host, std::move(id)),
      settings_(std::move(settings)),
      endpoint_(endpoint),
      started_(std::move(started)),
      playback_(host.context(), endpoint) {}

void Output::open() {
  playback_.open(settings_.request(host().rate()), [this](Result<void> opened) { on_opened(std::move(opened)); });
}

void Output::on_opened(Result<void> opened) {
  if (!started_) return;  // the host has ended meanwhile
  const Started started = std::exchange(started_, {});
  if (!opened) {
    log::info("output", "{}/{}: not begun: {}", host().id(), id(), opened.error().text);
    abandon();
    return started(std::move(opened));
  }
  log::info("output", "{}/{}: begun", host().id(), id());
  running_ = true;
  // The reference goes out before anything of the component can happen.
  started({});
  watch_all(true);
  if (settings_.max_time) {
    after(*settings_.max_time, [this] { finish(Reason::max_time); });
  }
  playback_.play();
}

Result<void> Output::stop() {
  finish(Reason::stop);
  return {};
}

void Output::on_host_ends() {
  if (running_) return finish(Reason::hangup);
  const Started started = std::exchange(started_, {});
  if (!started) return;
  abandon();
  started(base::Error{base::Kind::not_found, "the call has ended", base::Fault::peer});
}

void Output::on_media(const media::OutputEnded& event) {
  if (!playback_.takes(event)) return;
  finish(event.finished ? Reason::finish : Reason::hangup);
}

// Whoever interrupts has heard what he wanted to: to clients that is the end of the document.
void Output::on_media(const media::Digit&) {
  if (settings_.interrupt_on.digit) finish(Reason::finish);
}

void Output::on_media(const media::Voice& event) {
  if (settings_.interrupt_on.voice && event.speaking) finish(Reason::finish);
}

void Output::on_joined(Call& call) {
  if (running_) watch(call.endpoint(), true);
}

void Output::on_leaving(Call& call) {
  if (running_) watch(call.endpoint(), false);
}

void Output::finish(Reason reason) {
  if (!std::exchange(running_, false)) return;
  watch_all(false);
  playback_.cease();
  log::info("output", "{}/{}: over: {}", host().id(), id(), name_of(reason));
  complete(OutputOutcome{reason, {}});
}

void Output::watch(media::EndpointRef stream, bool on) {
  if (settings_.interrupt_on.digit) host().context().media.detect_tones(stream, on);
  if (settings_.interrupt_on.voice) host().context().media.watch_voice(stream, on);
}

void Output::watch_all(bool on) {
  if (!host().is_mixer()) return watch(endpoint_, on);
  for (Call* member : static_cast<Mixer&>(host()).members()) watch(member->endpoint(), on);
}

}  // namespace call
