#include "call/recording.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "call/call.hpp"
#include "call/joins.hpp"
#include "call/mixer.hpp"

namespace call {

namespace log = base::log;
using base::Error;
using base::Kind;
using base::Result;

namespace {

void log_finished(const std::string& name, const record::Outcome& outcome) {
  const record::Stats& stats = outcome.stats;
  const auto ms = [&](std::uint64_t samples) { return samples * 1000 / std::max<std::uint32_t>(stats.rate, 1); };
  log::info("record",
            "{}: {} ms, {} bytes, {}; packets: {} received, {} lost, {} late, {} duplicate; ms: {} repaired, {} lost, "
            "{} silent, {} noise, {} held, {} overrun, {} paused, {} adjusted{}{}",
            name, outcome.duration.count(), outcome.size, outcome.uri, stats.packets_received, stats.packets_lost,
            stats.packets_late, stats.packets_duplicate, ms(stats.repaired_samples), ms(stats.lost_samples),
            ms(stats.silent_samples), ms(stats.noise_samples), ms(stats.held_samples), ms(stats.overrun_samples),
            ms(stats.paused_samples), ms(stats.adjusted_samples), outcome.error.empty() ? "" : "; ", outcome.error);
}

}  // namespace

std::map<std::string, std::string> by_name(const sip::Headers& headers) {
  std::map<std::string, std::string> values;
  for (const auto& [name, value] : headers) {
    std::string lower = name;
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const auto [found, is_new] = values.try_emplace(std::move(lower), value);
    if (!is_new) found->second += ", " + value;
  }
  return values;
}

void Recording::start(Host& host, const std::string& id, const record::Settings& settings, const Asker& asker,
                      Started started) {
  if (host.is_mixer() && settings.direction == record::Direction::send) {
    return started(
        Error{Kind::not_supported, "a mixer has nothing to send: record it with recv or duplex", base::Fault::peer});
  }
  record::Settings wanted = settings;
  wanted.on_mixer = host.is_mixer();
  auto checked = host.context().recorder.check(std::move(wanted));
  if (!checked) return started(std::move(checked.error()));
  auto endpoint = host.open_media();
  if (!endpoint) return started(std::move(endpoint.error()));
  auto recording = std::make_unique<Recording>(host, id, std::move(*checked), asker, *endpoint, std::move(started));
  Recording& begun = *recording;
  host.add(std::move(recording));
  begun.open();
}

Recording::Recording(Host& host, std::string id, record::Settings settings, Asker asker, media::EndpointRef endpoint,
                     Started started)
    : Component(host, std::move(id)),
      settings_(std::move(settings)),
      asker_(std::move(asker)),
      endpoint_(endpoint),
      started_(std::move(started)) {}

void Recording::open() {
  record::Request request;
  request.call_id = host().id();
  request.component_id = id();
  request.settings = settings_;
  request.to = host().to();
  request.from = host().from();
  request.rate = host().rate();
  request.client = asker_.client;
  request.account = asker_.account;
  request.headers = by_name(host().invite_headers());
  // The host outlives its components, and this lives until it is finished.
  recording_ = host().context().recorder.open(
      std::move(request), [this](Result<record::Track*> opened) { on_opened(std::move(opened)); },
      [this](const record::Outcome& outcome) { on_finished(outcome); });
}

void Recording::on_opened(Result<record::Track*> opened) {
  Context& context = host().context();
  if (state_ == State::abandoned) {
    if (opened) context.recorder.discard(recording_);
    return abandon();
  }
  if (!opened) {
    ++context.stats.recordings_failed;
    log::warn("record", "{}/{}: not begun: {}", host().id(), id(), opened.error().text);
    const Started started = std::move(started_);
    abandon();
    return started(std::move(opened.error()));
  }
  state_ = State::running;
  ++context.stats.recordings;
  log::info("record", "{}/{}: begun ({})", host().id(), id(), settings_.format);
  // The reference goes out before anything of the component can happen.
  std::exchange(started_, {})({});
  const base::Time now = base::Clock::now();
  context.media.add_tap(endpoint_, recording_, {.settings = settings_, .track = *opened, .since = now});
  begin_participants(now);
}

void Recording::begin_participants(base::Time began) {
  if (settings_.tracks == record::Tracks::mix || state_ != State::running) return;
  participants_.emplace(host().context(), settings_, recording_, began);
  for (Call* call : static_cast<Mixer&>(host()).members()) on_changed(*call);
}

// One who only listens says nothing in the conference.
void Recording::on_changed(Call& call) {
  if (!participants_ || state_ != State::running) return;
  if (host().context().joins->is_heard(call, host())) {
    participants_->join(call, base::Clock::now());
  } else {
    participants_->leave(call);
  }
}

void Recording::on_leaving(Call& call) {
  if (participants_) participants_->leave(call);
}

void Recording::on_finished(const record::Outcome& outcome) {
  if (outcome.reason == record::EndReason::error) ++host().context().stats.recordings_failed;
  log_finished(host().id() + "/" + id(), outcome);
  complete(outcome);
}

Result<void> Recording::pause() {
  if (state_ != State::running) return {};
  host().context().media.pause_tap(endpoint_, recording_);
  if (participants_) participants_->pause();
  return {};
}

Result<void> Recording::resume() {
  if (state_ != State::running) return {};
  if (participants_) participants_->resume();
  host().context().media.resume_tap(endpoint_, recording_);
  return {};
}

Result<void> Recording::stop() {
  if (state_ == State::running) {
    state_ = State::stopping;
    host().context().media.stop_tap(endpoint_, recording_);
  }
  return {};
}

// The tap ends with its endpoint.
void Recording::on_host_ends() {
  if (state_ != State::opening) return;
  state_ = State::abandoned;
  std::exchange(started_, {})(Error{Kind::not_found, "the call has ended", base::Fault::peer});
}

void Recording::on_media(const media::TapEnded& event) {
  if (event.tap != recording_) return;
  state_ = State::stopping;
  if (participants_) participants_->end();
}

void Recording::on_media(const media::TapUnheard& event) {
  if (event.tap != recording_) return;
  ++host().context().stats.recordings_unheard;
  log::warn("record", "{}/{}: no packet was received in its first 2 s", host().id(), id());
}

}  // namespace call
