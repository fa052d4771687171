#include "call/participant_taps.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "call/call.hpp"
#include "call/display_name.hpp"

namespace call {

namespace log = base::log;

namespace {

// No two timelines have their samples at the same time: the first must not be missing.
constexpr base::milliseconds kEarly{1};

record::Participant participant(const Call& call) {
  record::Participant who{.id = call.id(), .name = {}, .uri = call.is_dialled() ? call.to() : call.from()};
  if (call.is_dialled()) return who;
  for (const auto& [name, value] : call.headers()) {
    if (name == "From") who.name = display_name(value);
  }
  return who;
}

}  // namespace

ParticipantTaps::ParticipantTaps(Context& context, const record::Settings& settings, record::RecordingId recording,
                                 base::Time began)
    : context_(context), settings_(settings), recording_(recording), resumed_(began), paused_(settings.start_paused) {}

ParticipantTaps::~ParticipantTaps() {
  *alive_ = false;
  end();
}

void ParticipantTaps::join(const Call& call, base::Time since) {
  if (ended_ || taps_.contains(call.id())) return;
  Tap& tap = taps_[call.id()];
  tap.endpoint = call.endpoint();
  tap.since = since;
  tap.id = context_.recorder.open_participant(
      recording_, participant(call), call.rate(),
      [this, alive = alive_, name = call.id()](record::ParticipantId id, base::Result<record::Track*> opened) {
        if (!opened) {
          return log::warn("record", "{}: not recorded apart: {}", name, opened.error().text);
        }
        const bool is_wanted = *alive && attach(name, id, **opened);
        if (!is_wanted) (*opened)->push_end(record::EndReason::stop, {});
      });
}

// False if it has left meanwhile.
bool ParticipantTaps::attach(const std::string& call, record::ParticipantId id, record::Track& track) {
  const auto found = taps_.find(call);
  if (found == taps_.end() || found->second.id != id) return false;
  Tap& tap = found->second;
  tap.is_attached = true;
  // Opening has taken a moment: what was said meanwhile is still to be had. What is too early is left out in the end.
  context_.media.add_tap(tap.endpoint, tap.id,
                         media::TapOptions{.settings = record::participant_settings(settings_, paused_),
                                           .track = &track,
                                           .since = std::max(tap.since, resumed_) - kEarly});
  return true;
}

void ParticipantTaps::leave(const Call& call) {
  const auto found = taps_.find(call.id());
  if (found == taps_.end()) return;
  const Tap tap = found->second;
  taps_.erase(found);
  if (tap.is_attached) context_.media.stop_tap(tap.endpoint, tap.id);
}

void ParticipantTaps::resume() {
  if (!std::exchange(paused_, false)) return;
  resumed_ = base::Clock::now();
  for (const auto& [call, tap] : taps_) {
    if (tap.is_attached) context_.media.resume_tap(tap.endpoint, tap.id);
  }
}

void ParticipantTaps::pause() {
  if (std::exchange(paused_, true)) return;
  for (const auto& [call, tap] : taps_) {
    if (tap.is_attached) context_.media.pause_tap(tap.endpoint, tap.id);
  }
}

void ParticipantTaps::end() {
  ended_ = true;
  for (const auto& [call, tap] : std::exchange(taps_, {})) {
    if (tap.is_attached) context_.media.stop_tap(tap.endpoint, tap.id);
  }
}

}  // namespace call
