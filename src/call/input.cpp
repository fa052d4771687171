#include "call/input.hpp"

#include <memory>
#include <utility>

#include "base/log.hpp"
#include "call/call.hpp"
#include "call/mixer.hpp"
#include "input/nlsml.hpp"

namespace call {

namespace log = base::log;
using base::Result;

void Input::start(Host& host, const std::string& id, InputSettings settings, const Started& started) {
  const auto endpoint = host.open_media();
  if (!endpoint) return started(endpoint.error());
  auto made = std::make_unique<Input>(host, id, std::move(settings), *endpoint);
  Input& input = *made;
  host.add(std::move(made));
  log::info("input", "{}/{}: begun", host.id(), id);
  started({});
  input.listen();
  input.start_timers();
}

Input::Input(Host& host, std::string id, InputSettings settings, media::EndpointRef endpoint)
    : Component(host, std::move(id)),
      session_(std::move(settings.grammars), settings.timeouts, settings.terminator),
      endpoint_(endpoint) {}

void Input::listen() {
  listening_ = true;
  detect_tones(true);
}

void Input::start_timers() {
  session_.start_timers(base::Clock::now());
  arm();
}

Result<void> Input::stop() {
  finish({.reason = InputOutcome::Reason::stop});
  return {};
}

void Input::on_host_ends() { finish({.reason = InputOutcome::Reason::hangup}); }

void Input::on_media(const media::Digit& event) {
  if (!listening_) return;
  on_key();
  take(session_.on_key(event.digit, base::Clock::now()));
}

void Input::on_joined(Call& call) {
  if (listening_) host().context().media.detect_tones(call.endpoint(), true);
}

void Input::on_leaving(Call& call) {
  if (listening_) host().context().media.detect_tones(call.endpoint(), false);
}

void Input::detect_tones(bool on) {
  media::Engine& media = host().context().media;
  if (!host().is_mixer()) return media.detect_tones(endpoint_, on);
  for (Call* member : static_cast<Mixer&>(host()).members()) media.detect_tones(member->endpoint(), on);
}

void Input::take(const std::optional<input::Outcome>& outcome) {
  if (!outcome) return arm();
  InputOutcome told;
  switch (outcome->reason) {
    case input::Reason::match:
      told.reason = InputOutcome::Reason::match;
      told.content_type = input::kNlsmlType;
      told.result = input::nlsml(*outcome);
      told.utterance = outcome->keys;
      told.interpretation = input::interpretation(*outcome);
      told.tag = outcome->tag.value_or("");
      break;
    case input::Reason::noinput:
      told.reason = InputOutcome::Reason::noinput;
      break;
    case input::Reason::nomatch:
      told.reason = InputOutcome::Reason::nomatch;
      break;
  }
  finish(std::move(told));
}

// One timer for each deadline; one that a key has made obsolete comes and finds nothing due.
void Input::arm() {
  const auto deadline = session_.deadline();
  if (!deadline || deadline == armed_) return;
  armed_ = deadline;
  after(std::chrono::ceil<base::milliseconds>(*deadline - base::Clock::now()), [this, due = *deadline] {
    if (armed_ != due) return;
    armed_.reset();
    take(session_.tick(base::Clock::now()));
  });
}

void Input::finish(InputOutcome outcome) {
  on_finish();
  if (std::exchange(listening_, false)) detect_tones(false);
  log::info("input", "{}/{}: over", host().id(), id());
  complete(std::move(outcome));
}

}  // namespace call
