#include "media/taps.hpp"

#include <algorithm>
#include <utility>

namespace media {

void Taps::begin(base::Time issued) {
  if (std::exchange(begun_, true)) return;
  for (Waiting& tap : waiting_) {
    start(tap.id, std::move(tap.options), 0);
    if (tap.resumed) resume(tap.id, issued);
    if (tap.paused) pause(tap.id, issued);
    if (tap.stopped) stop(tap.id, *tap.stopped, issued);
  }
  waiting_.clear();
}

void Taps::add(TapId id, TapOptions options, base::Time issued, Position least) {
  if (options.track == nullptr) return;
  if (!begun_) {
    waiting_.push_back({id, std::move(options)});
    return;
  }
  const Position since = timeline_.at(options.since.value_or(issued));
  start(id, std::move(options), std::max(since, least));
}

void Taps::start(TapId id, TapOptions options, Position at) {
  // The call has changed since the track was opened, or had before: the writer makes one file of it.
  if (options.track->rate() != timeline_.rate) options.track->change_rate(timeline_.rate);
  options.track->set_start(timeline_.time(at));
  const bool beeps = options.settings.start_beep && !options.settings.start_paused;
  taps_.push_back(std::make_unique<Tap>(id, std::move(options), at));
  if (beeps) owner_.beep(timeline_.time(at));
}

void Taps::pause(TapId id, base::Time issued) {
  for (Waiting& tap : waiting_) {
    if (tap.id == id) tap.paused = true, tap.resumed = false;
  }
  if (Tap* tap = find(id)) tap->pause(timeline_.at(issued));
}

void Taps::resume(TapId id, base::Time issued) {
  for (Waiting& tap : waiting_) {
    if (tap.id == id) tap.resumed = true, tap.paused = false;
  }
  Tap* tap = find(id);
  if (tap == nullptr) return;
  const bool first = tap->settings().start_paused && !tap->was_resumed();
  if (tap->resume(timeline_.at(issued)) && first && tap->settings().start_beep) owner_.beep(issued);
}

void Taps::stop(TapId id, record::EndReason reason, base::Time issued) {
  for (Waiting& tap : waiting_) {
    if (tap.id == id) tap.stopped = reason;
  }
  Tap* tap = find(id);
  if (tap == nullptr || tap->is_stopping()) return;
  base::Time at = issued;
  if (reason == record::EndReason::stop && tap->settings().stop_beep && owner_.can_beep()) at = owner_.beep(issued);
  tap->stop(timeline_.at(at), reason);
}

void Taps::stop_all(Position at) {
  for (const auto& tap : taps_) tap->stop(at, record::EndReason::hangup);
}

void Taps::end_all() {
  for (Waiting& tap : waiting_) {
    const auto reason = tap.stopped.value_or(record::EndReason::hangup);
    tap.options.track->push_end(reason, {});
    events_->push(TapEnded{ref_, tap.id, reason});
  }
  waiting_.clear();
  for (const auto& tap : taps_) {
    if (tap->ended()) continue;
    tap->end(record::EndReason::hangup);
    after_feeding(*tap);
  }
  taps_.clear();
}

void Taps::change_rate(std::uint32_t rate) {
  for (const auto& tap : taps_) tap->change_rate(rate);
}

void Taps::feed(const Frame& frame) {
  for (const auto& tap : taps_) {
    tap->feed(frame);
    after_feeding(*tap);
  }
  std::erase_if(taps_, [](const auto& tap) { return tap->ended().has_value(); });
}

Tap* Taps::find(TapId id) {
  for (const auto& tap : taps_) {
    if (tap->id() == id && !tap->ended()) return tap.get();
  }
  return nullptr;
}

void Taps::after_feeding(Tap& tap) {
  if (tap.take_unheard()) events_->push(TapUnheard{ref_, tap.id()});
  const auto reason = tap.ended();
  if (!reason) return;
  events_->push(TapEnded{ref_, tap.id(), *reason});
  const bool by_limit = *reason == record::EndReason::max_duration || *reason == record::EndReason::initial_timeout ||
                        *reason == record::EndReason::final_timeout;
  // A stop command has played its beep before; here the recording ended of itself.
  if (by_limit && tap.settings().stop_beep && !tap.is_stopping() && owner_.can_beep()) beep_wanted_ = true;
}

}  // namespace media
