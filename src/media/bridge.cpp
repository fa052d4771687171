#include "media/bridge.hpp"

#include <algorithm>

namespace media {

Bridge::Bridge(EndpointRef ref, base::Time created, std::chrono::milliseconds record_depth, EventQueue& events)
    : ref_(ref),
      record_depth_(record_depth),
      events_(&events),
      timeline_{.start = created, .rate = 8000},
      outputs_(ref, events),
      taps_(ref, *this, timeline_, events) {
  taps_.begin(created);
}

// ---- commands ----

void Bridge::join(Stream& stream, bool speaks, bool hears, base::Time issued) {
  Member* member = find(stream);
  if (member == nullptr) {
    members_.push_back(std::make_unique<Member>());
    member = members_.back().get();
    member->stream = &stream;
  }
  if (speaks != member->speaks && mixdown_) {
    if (speaks) {
      mixdown_->join(stream, timeline_.at(issued));
    } else {
      mixdown_->leave(stream, timeline_.at(issued));
    }
  }
  if (!speaks) tell_speaking(*member, false);
  member->speaks = speaks;
  member->hears = hears;
}

void Bridge::unjoin(Stream& stream, base::Time issued) {
  Member* const member = find(stream);
  if (member == nullptr) return;
  if (mixdown_) mixdown_->leave(stream, timeline_.at(issued));
  tell_speaking(*member, false);
  std::erase_if(members_, [&](const auto& one) { return one.get() == member; });
}

void Bridge::forget(Stream& stream) {
  if (mixdown_) mixdown_->forget(stream);
}

void Bridge::add_tap(TapId id, TapOptions options, base::Time issued) {
  if (options.track == nullptr) return;
  adapt();
  if (!mixdown_) {
    mixdown_ = std::make_unique<Mixdown>(timeline_, timeline_.at(issued) - timeline_.samples(record_depth_));
    for (const auto& member : members_) {
      if (member->speaks) mixdown_->join(*member->stream, 0);
    }
  }
  // Everyone is in what is sent as well as in what is heard here.
  if (options.settings.channels() == 1) options.settings.direction = record::Direction::send;
  taps_.add(id, std::move(options), issued, mixdown_->done());
}

void Bridge::close(base::Time issued) {
  outputs_.remove_all();
  while (!members_.empty()) unjoin(*members_.back()->stream, issued);
  taps_.stop_all(timeline_.at(issued));
  closing_ = true;
}

void Bridge::finish() {
  outputs_.remove_all();
  taps_.end_all();
  mixdown_.reset();
}

void Bridge::adapt() {
  std::uint32_t rate = timeline_.rate;
  for (const auto& member : members_) {
    if (member->stream->is_configured()) rate = std::max(rate, member->stream->timeline().rate);
  }
  if (rate != timeline_.rate) change_rate(rate);
  for (const auto& member : members_) {
    if (!member->stream->is_configured()) continue;
    member->up.configure(member->stream->timeline().rate, rate);
    member->down.configure(rate, member->stream->timeline().rate);
  }
  if (mixdown_ && taps_.is_empty()) mixdown_.reset();
}

void Bridge::change_rate(std::uint32_t rate) {
  const std::uint32_t from = std::exchange(timeline_.rate, rate);
  outputs_.change_rate(rate);
  if (mixdown_) mixdown_->change_rate(from);
  taps_.change_rate(rate);
}

void Bridge::set_events(EventQueue& events) {
  events_ = &events;
  outputs_.set_events(events);
  taps_.set_events(events);
}

bool Bridge::is_heard_here(const Stream& stream) const {
  const Member* member = find(stream);
  return member != nullptr && member->speaks;
}

bool Bridge::hears_here(const Stream& stream) const {
  const Member* member = find(stream);
  return member != nullptr && member->hears;
}

Bridge::Member* Bridge::find(const Stream& stream) const {
  const auto found =
      std::find_if(members_.begin(), members_.end(), [&](const auto& member) { return member->stream == &stream; });
  return found == members_.end() ? nullptr : found->get();
}

std::vector<Stream*> Bridge::streams() const {
  std::vector<Stream*> all;
  for (const auto& member : members_) all.push_back(member->stream);
  return all;
}

// Recordings leave beeps out, so each member plays its own.
bool Bridge::can_beep() const {
  return std::any_of(members_.begin(), members_.end(),
                     [](const auto& member) { return member->hears && member->stream->can_beep(); });
}

base::Time Bridge::beep(base::Time now) {
  base::Time end = now;
  for (const auto& member : members_) {
    if (member->hears && member->stream->can_beep()) end = std::max(end, member->stream->beep(now));
  }
  return end;
}

// ---- the media path ----

void Bridge::mix(Beat beat) {
  if (members_.empty() && outputs_.is_empty()) return;
  collect(beat);
  limiter_.follow(sum_);
  limiter_.apply(sum_, {}, {everyone_.data(), sum_.size()});
  for (const auto& member : members_) {
    if (member->hears && member->stream->is_listening()) hand_out(*member);
  }
}

void Bridge::collect(Beat beat) {
  const Position begin = timeline_.at(beat.begin());
  const auto size = std::min(static_cast<std::size_t>(timeline_.at(beat.end()) - begin), kMaxFrame);
  sum_.clear(size);
  for (const auto& member : members_) {
    const auto spoken = member->stream->spoken();
    member->is_silent = true;
    if (!member->speaks || spoken.empty()) continue;
    const std::span<std::int16_t> voice(member->voice.data(), size);
    member->up.process(spoken, voice);
    member->is_silent = sum_.add(voice) == 0;
    tell_speaking(*member, member->stream->is_speaking());
  }
  if (outputs_.is_empty()) return;
  played_.clear(size);
  outputs_.play(beat, played_);
  sum_.add(played_.samples());
  if (mixdown_) mixdown_->play(begin, played_.samples());
}

void Bridge::hand_out(Member& member) {
  std::span<const std::int16_t> heard(everyone_.data(), sum_.size());
  if (!member.is_silent) {
    const std::span<std::int16_t> others(others_.data(), sum_.size());
    limiter_.apply(sum_, {member.voice.data(), sum_.size()}, others);
    heard = others;
  }
  Sum& ear = member.stream->sum();
  if (member.down.from() == member.down.to() && heard.size() == ear.size()) {
    ear.add(heard);
    return;
  }
  const std::span<std::int16_t> narrow(narrow_.data(), ear.size());
  member.down.process(heard, narrow);
  ear.add(narrow);
}

void Bridge::tell_speaking(Member& member, bool speaking) {
  if (std::exchange(member.is_speaking, speaking) != speaking) {
    events_->push(Speaking{ref_, member.stream->ref(), speaking});
  }
}

void Bridge::advance(base::Time now) {
  if (!mixdown_) return;
  const Position until = timeline_.at(now) - timeline_.samples(record_depth_);
  mixdown_->advance(until, [this](const Frame& frame) { taps_.feed(frame); });
  if (taps_.take_beep_wanted()) beep(now);
}

}  // namespace media
