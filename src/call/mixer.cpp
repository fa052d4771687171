#include "call/mixer.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/log.hpp"
#include "base/random.hpp"
#include "call/call.hpp"

namespace call {

namespace log = base::log;

namespace {

// Names are compared as local parts of addresses are: ASCII letters of either case are the same.
bool is_same_name(std::string_view one, std::string_view other) {
  const auto lowered = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(one, other, {}, lowered, lowered);
}

}  // namespace

Mixer::Mixer(Context& context, std::string id, std::string zone, std::string name)
    : Host(context, std::move(id)),
      zone_(std::move(zone)),
      name_(std::move(name)),
      bridge_(context.media.create_bridge()) {
  context.note_endpoint(bridge_, *this);
}

base::Result<media::EndpointRef> Mixer::open_media() {
  if (ending_) return base::Error{base::Kind::not_found, "the mixer is ending", base::Fault::peer};
  return bridge_;
}

std::uint32_t Mixer::rate() const {
  std::uint32_t widest = 8000;
  for (const Call* call : members_) widest = std::max(widest, call->rate());
  return widest;
}

void Mixer::add_member(Call& call) {
  members_.push_back(&call);
  for (const std::string& id : each_component()) {
    if (Component* component = find_component(id)) component->on_joined(call);
  }
}

void Mixer::change_member(Call& call) {
  for (const std::string& id : each_component()) {
    if (Component* component = find_component(id)) component->on_changed(call);
  }
}

void Mixer::remove_member(Call& call) {
  for (const std::string& id : each_component()) {
    if (Component* component = find_component(id)) component->on_leaving(call);
  }
  std::erase(members_, &call);
  if (!members_.empty() || ending_) return;
  ending_ = true;
  log::info("call", "mixer {} ({}): empty, ends", name_, id());
  end_components();
  context().media.destroy(bridge_);
}

void Mixer::on_media(const media::Destroyed&) {
  destroyed_ = true;
  finish_if_done();
}

void Mixer::finish_if_done() {
  if (!ending_ || !destroyed_ || has_components() || std::exchange(over_, true)) return;
  // Later: a component of it is being destroyed.
  context().after(base::milliseconds(0), [this] {
    context().observer.on_mixer_gone(*this);
    context().over(id());  // destroys the mixer
  });
}

Mixer* Mixers::find(const std::string& zone, const std::string& name) const {
  for (const auto& [id, mixer] : mixers_) {
    if (!mixer->is_ending() && is_same_name(mixer->name(), name) && mixer->zone() == zone) return mixer.get();
  }
  return nullptr;
}

Mixer* Mixers::find_by_id(const std::string& id) const {
  const auto found = mixers_.find(id);
  return found == mixers_.end() ? nullptr : found->second.get();
}

Mixer& Mixers::obtain(const std::string& zone, const std::string& name) {
  if (Mixer* mixer = find(zone, name)) return *mixer;
  auto made = std::make_unique<Mixer>(context_, base::random_id(20), zone, name);
  Mixer& mixer = *made;
  mixers_.emplace(mixer.id(), std::move(made));
  ++context_.stats.mixers;
  log::info("call", "mixer {} ({}) of {}: made", name, mixer.id(), zone);
  return mixer;
}

}  // namespace call
