// What a worker does between two ticks: commands of control, and endpoints that come from another worker or go there.
#include <algorithm>

#include "media/worker.hpp"

namespace media {
namespace {

constexpr int kAllBatches = 1000;

template <class Handle>
void each_endpoint(const Command& command, Handle&& handle) {
  if (const auto* leave = std::get_if<Command::Leave>(&command.what)) {
    for (const std::uint32_t id : leave->endpoints) handle(id);
    return;
  }
  if (command.endpoint != 0) handle(command.endpoint);
  if (command.other != 0) handle(command.other);
}

}  // namespace

void Worker::apply_commands() {
  for (const auto& leg : legs_) leg->stream().adapt();
  const bool waited = !waiting_.empty();
  if (waited) take_waiting();
  const std::size_t taken = mailbox_.drain([this](Command&& command) { take(std::move(command)); });
  switchboard_.adapt();
  drop_closed_bridges();
  if (waited || taken > 0) list_live();
}

void Worker::take_waiting() {
  std::deque<Command> again;
  std::swap(again, waiting_);
  for (Command& command : again) take(std::move(command));
}

// Only commands make a stream live; one that has ceased to be may stay until the next.
void Worker::list_live() {
  live_.clear();
  for (const auto& leg : legs_) {
    if (leg->stream().is_live()) live_.push_back(&leg->stream());
  }
}

// Commands to one endpoint are applied in the order in which they were given.
void Worker::take(Command command) {
  if (auto* expect = std::get_if<Command::Expect>(&command.what)) {
    expected_.insert(expect->endpoints.begin(), expect->endpoints.end());
  } else if (auto* arrived = std::get_if<Command::Arrive>(&command.what)) {
    arrive(*arrived);
  } else if (must_wait(command)) {
    waiting_.push_back(std::move(command));
  } else {
    apply(command);
  }
}

bool Worker::must_wait(const Command& command) const {
  if (expected_.empty() && waiting_.empty() && !std::holds_alternative<Command::Leave>(command.what)) return false;
  bool waits = false;
  each_endpoint(command, [&](std::uint32_t id) {
    waits |= expected_.contains(id);
    for (const Command& before : waiting_) {
      each_endpoint(before, [&](std::uint32_t earlier) { waits |= earlier == id; });
    }
    // A recording of a bridge that stays here wants the last it said.
    if (!std::holds_alternative<Command::Leave>(command.what)) return;
    if (const Stream* stream = find_stream(id)) waits |= switchboard_.is_waited_for(*stream);
  });
  return waits;
}

void Worker::apply(Command& command) {
  make_room();
  if (auto* stream = std::get_if<Command::AddStream>(&command.what)) {
    legs_.push_back(std::move(stream->leg));
  } else if (auto* bridge = std::get_if<Command::AddBridge>(&command.what)) {
    switchboard_.add(std::move(bridge->bridge));
  } else if (auto* moving = std::get_if<Command::Leave>(&command.what)) {
    leave(*moving);
  } else if (auto* flow = std::get_if<Command::Join>(&command.what)) {
    join(command, flow->forth, flow->back);
  } else if (std::holds_alternative<Command::Unjoin>(command.what)) {
    join(command, false, false);
  } else if (Stream* one = find_stream(command.endpoint)) {
    apply(*one, command);
  } else if (Bridge* mixer = switchboard_.find(command.endpoint); mixer != nullptr && !mixer->is_closing()) {
    apply(*mixer, command);
  } else {
    refuse(command);
  }
  make_room();
}

void Worker::apply(Stream& stream, Command& command) {
  if (auto* configure = std::get_if<Command::Configure>(&command.what)) {
    stream.configure(configure->format, command.issued);
  } else if (auto* tap = std::get_if<Command::AddTap>(&command.what)) {
    stream.add_tap(tap->tap, std::move(tap->options), command.issued);
  } else if (auto* change = std::get_if<Command::ChangeTap>(&command.what)) {
    if (change->action == Command::TapAction::pause) stream.pause_tap(change->tap, command.issued);
    if (change->action == Command::TapAction::resume) stream.resume_tap(change->tap, command.issued);
    if (change->action == Command::TapAction::stop) stream.stop_tap(change->tap, change->reason, command.issued);
  } else if (auto* add = std::get_if<Command::AddOutput>(&command.what)) {
    stream.add_output(add->output, *add->feed);
  } else if (auto* remove = std::get_if<Command::RemoveOutput>(&command.what)) {
    stream.remove_output(remove->output);
  } else if (auto* mute = std::get_if<Command::Mute>(&command.what)) {
    stream.mute(mute->on, command.issued);
  } else if (auto* watch = std::get_if<Command::WatchVoice>(&command.what)) {
    stream.watch_voice(watch->on);
  } else if (auto* detect = std::get_if<Command::DetectTones>(&command.what)) {
    stream.detect_tones(detect->on);
  } else if (auto* send = std::get_if<Command::SendKeys>(&command.what)) {
    stream.send_keys(send->keys, send->duration);
  } else if (std::holds_alternative<Command::Destroy>(command.what)) {
    destroy_stream(command.endpoint, command.issued);
  }
}

void Worker::apply(Bridge& bridge, Command& command) {
  if (auto* tap = std::get_if<Command::AddTap>(&command.what)) {
    bridge.add_tap(tap->tap, std::move(tap->options), command.issued);
  } else if (auto* change = std::get_if<Command::ChangeTap>(&command.what)) {
    if (change->action == Command::TapAction::pause) bridge.pause_tap(change->tap, command.issued);
    if (change->action == Command::TapAction::resume) bridge.resume_tap(change->tap, command.issued);
    if (change->action == Command::TapAction::stop) bridge.stop_tap(change->tap, change->reason, command.issued);
  } else if (auto* add = std::get_if<Command::AddOutput>(&command.what)) {
    bridge.add_output(add->output, *add->feed);
  } else if (auto* remove = std::get_if<Command::RemoveOutput>(&command.what)) {
    bridge.remove_output(remove->output);
  } else if (std::holds_alternative<Command::Destroy>(command.what)) {
    switchboard_.close(bridge, command.issued);
  }
}

// The endpoint is gone: whoever opened a track or a feed must still hear of its end.
void Worker::refuse(Command& command) {
  if (auto* tap = std::get_if<Command::AddTap>(&command.what); tap != nullptr && tap->options.track != nullptr) {
    tap->options.track->push_end(record::EndReason::hangup, {});
    events_.push(TapEnded{{command.endpoint}, tap->tap, record::EndReason::hangup});
  } else if (auto* output = std::get_if<Command::AddOutput>(&command.what)) {
    events_.push(OutputEnded{{command.endpoint}, output->output, false});
  }
}

void Worker::join(const Command& command, bool forth, bool back) {
  Stream* const one = find_stream(command.endpoint);
  Stream* const other = find_stream(command.other);
  if (one != nullptr && other != nullptr) {
    switchboard_.join(*one, *other, forth, back);
  } else if (Stream* const stream = one != nullptr ? one : other) {
    Bridge* const bridge = switchboard_.find(one != nullptr ? command.other : command.endpoint);
    if (bridge == nullptr || bridge->is_closing()) return;
    if (one == nullptr) std::swap(forth, back);
    if (forth || back) {
      switchboard_.join(*stream, *bridge, forth, back, command.issued);
    } else {
      switchboard_.unjoin(*stream, *bridge, command.issued);
    }
  }
}

// ---- moving ----

void Worker::leave(Command::Leave& leave) {
  post_events();  // theirs come before those of the other worker
  Command::Arrive arrive;
  for (auto& leg : legs_) {
    const std::uint32_t id = leg->stream().ref().id;
    if (std::find(leave.endpoints.begin(), leave.endpoints.end(), id) == leave.endpoints.end()) continue;
    arrive.legs.push_back(std::move(leg));
  }
  std::erase(legs_, nullptr);
  arrive.bridges = switchboard_.take(leave.endpoints);
  arrive.wires = switchboard_.take_wires(leave.endpoints);
  arrive.endpoints = std::move(leave.endpoints);
  leave.to->post({.what = std::move(arrive)});
}

void Worker::arrive(Command::Arrive& arrive) {
  for (auto& leg : arrive.legs) {
    leg->stream().set_events(events_);
    legs_.push_back(std::move(leg));
  }
  for (auto& bridge : arrive.bridges) {
    bridge->set_events(events_);
    switchboard_.add(std::move(bridge));
  }
  switchboard_.add(std::move(arrive.wires));
  for (const std::uint32_t id : arrive.endpoints) expected_.erase(id);
  make_room();
  take_waiting();
}

// ---- the end ----

void Worker::destroy_stream(std::uint32_t id, base::Time issued) {
  const auto found =
      std::find_if(legs_.begin(), legs_.end(), [&](const auto& leg) { return leg->stream().ref().id == id; });
  if (found == legs_.end()) return;
  const std::unique_ptr<Leg> leg = std::move(*found);
  legs_.erase(found);
  drain(*leg, true, base::Clock::now(), kAllBatches);
  switchboard_.leave(leg->stream(), issued);
  leg->stream().finish(issued);
  switchboard_.forget(leg->stream());
  StreamStats stats = leg->stream().stats();
  stats.live_depth = 0;
  gone_ += stats;
  events_.push(Destroyed{leg->stream().ref()});
}

void Worker::destroy_all(base::Time now) {
  while (!legs_.empty()) {
    make_room();
    destroy_stream(legs_.back()->stream().ref().id, now);
  }
  for (const auto& bridge : switchboard_.bridges()) {
    make_room();
    bridge->close(now);
    bridge->advance(now + std::chrono::seconds(1));
    bridge->finish();
  }
  drop_closed_bridges();
}

void Worker::drop_closed_bridges() {
  for (const auto& bridge : switchboard_.take_closed()) {
    make_room();
    events_.push(Destroyed{bridge->ref()});
  }
}

Stream* Worker::find_stream(std::uint32_t id) const {
  for (const auto& leg : legs_) {
    if (leg->stream().ref().id == id) return &leg->stream();
  }
  return nullptr;
}

void Worker::make_room() {
  std::size_t endpoints = legs_.size(), ends = 1;  // the one to be added
  for (const auto& leg : legs_) ends += leg->stream().tap_count() + leg->stream().output_count();
  for (const auto& bridge : switchboard_.bridges()) {
    endpoints += 1 + bridge->member_count();
    ends += bridge->tap_count() + bridge->output_count();
  }
  events_.make_room(endpoints, ends);
}

}  // namespace media
