#include "media/switchboard.hpp"

#include <algorithm>

namespace media {

void Switchboard::join(Stream& one, Stream& other, bool forth, bool back) {
  set_wire(one, other, forth);
  set_wire(other, one, back);
  update(one);
  update(other);
}

void Switchboard::set_wire(Stream& from, Stream& to, bool wanted) {
  const auto is_it = [&](const auto& wire) { return wire->from == &from && wire->to == &to; };
  if (!wanted) {
    std::erase_if(wires_, is_it);
  } else if (std::none_of(wires_.begin(), wires_.end(), is_it)) {
    wires_.push_back(std::make_unique<Wire>());
    wires_.back()->from = &from;
    wires_.back()->to = &to;
  }
}

void Switchboard::join(Stream& stream, Bridge& bridge, bool speaks, bool hears, base::Time issued) {
  bridge.join(stream, speaks, hears, issued);
  update(stream);
}

void Switchboard::unjoin(Stream& stream, Bridge& bridge, base::Time issued) {
  bridge.unjoin(stream, issued);
  update(stream);
}

void Switchboard::leave(Stream& stream, base::Time issued) {
  std::vector<Stream*> others;
  std::erase_if(wires_, [&](const auto& wire) {
    if (wire->from != &stream && wire->to != &stream) return false;
    others.push_back(wire->from == &stream ? wire->to : wire->from);
    return true;
  });
  for (Stream* other : others) update(*other);
  for (const auto& bridge : bridges_) bridge->unjoin(stream, issued);
  update(stream);
}

void Switchboard::forget(Stream& stream) {
  for (const auto& bridge : bridges_) bridge->forget(stream);
}

void Switchboard::close(Bridge& bridge, base::Time issued) {
  std::vector<Stream*> members = bridge.streams();
  bridge.close(issued);
  for (Stream* member : members) update(*member);
}

void Switchboard::update(Stream& stream) {
  bool is_heard = false, hears = false;
  for (const auto& wire : wires_) {
    is_heard |= wire->from == &stream;
    hears |= wire->to == &stream;
  }
  for (const auto& bridge : bridges_) {
    is_heard |= bridge->is_heard_here(stream);
    hears |= bridge->hears_here(stream);
  }
  stream.set_joined(is_heard, hears);
}

Bridge* Switchboard::find(std::uint32_t id) const {
  for (const auto& bridge : bridges_) {
    if (bridge->ref().id == id) return bridge.get();
  }
  return nullptr;
}

Switchboard::Bridges Switchboard::take_closed() {
  const auto closed =
      std::stable_partition(bridges_.begin(), bridges_.end(), [](const auto& bridge) { return !bridge->is_closed(); });
  Bridges taken(std::make_move_iterator(closed), std::make_move_iterator(bridges_.end()));
  bridges_.erase(closed, bridges_.end());
  return taken;
}

Switchboard::Bridges Switchboard::take(std::span<const std::uint32_t> ids) {
  Bridges taken;
  for (auto& bridge : bridges_) {
    if (std::find(ids.begin(), ids.end(), bridge->ref().id) != ids.end()) taken.push_back(std::move(bridge));
  }
  std::erase(bridges_, nullptr);
  return taken;
}

std::vector<std::unique_ptr<Wire>> Switchboard::take_wires(std::span<const std::uint32_t> ids) {
  std::vector<std::unique_ptr<Wire>> taken;
  for (auto& wire : wires_) {
    if (std::find(ids.begin(), ids.end(), wire->from->ref().id) != ids.end()) taken.push_back(std::move(wire));
  }
  std::erase(wires_, nullptr);
  return taken;
}

void Switchboard::add(std::vector<std::unique_ptr<Wire>> wires) {
  for (auto& wire : wires) wires_.push_back(std::move(wire));
}

bool Switchboard::is_waited_for(const Stream& stream) const {
  return std::any_of(bridges_.begin(), bridges_.end(),
                     [&](const auto& bridge) { return !bridge->has_member(stream) && bridge->waits_for(stream); });
}

void Switchboard::adapt() {
  for (const auto& wire : wires_) wire->change.configure(wire->from->timeline().rate, wire->to->timeline().rate);
  for (const auto& bridge : bridges_) bridge->adapt();
}

void Switchboard::carry(Beat beat) {
  for (const auto& wire : wires_) {
    const auto spoken = wire->from->spoken();
    if (spoken.empty() || !wire->to->is_listening()) continue;
    Sum& ear = wire->to->sum();
    const std::span<std::int16_t> frame(frame_.data(), ear.size());
    wire->change.process(spoken, frame);
    ear.add(frame);
  }
  for (const auto& bridge : bridges_) bridge->mix(beat);
}

void Switchboard::advance(base::Time now) {
  for (const auto& bridge : bridges_) bridge->advance(now);
}

}  // namespace media
