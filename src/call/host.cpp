#include "call/host.hpp"

#include <utility>
#include <vector>

namespace call {

// ---- Component ----

Component::Component(Host& host, std::string id) : host_(host), id_(std::move(id)) {}

Component::~Component() { *alive_ = false; }

void Component::complete(Outcome outcome) { host_.release(*this, &outcome); }

void Component::abandon() { host_.release(*this, nullptr); }

void Component::after(std::chrono::milliseconds delay, std::function<void()> action) {
  host_.context().after(delay, [alive = alive_, action = std::move(action)] {
    if (*alive) action();
  });
}

// ---- Host ----

void Host::add(std::unique_ptr<Component> component) {
  const std::string id = component->id();
  components_[id] = std::move(component);
}

Component* Host::find_component(const std::string& id) const {
  const auto found = components_.find(id);
  return found == components_.end() ? nullptr : found->second.get();
}

std::vector<std::string> Host::each_component() const {
  std::vector<std::string> ids;
  ids.reserve(components_.size());
  for (const auto& [id, component] : components_) ids.push_back(id);
  return ids;
}

void Host::end_components() {
  for (const std::string& id : each_component()) {
    if (Component* component = find_component(id)) component->on_host_ends();
  }
}

void Host::release(Component& component, const Outcome* outcome) {
  const auto found = components_.find(component.id());
  if (found == components_.end()) return;
  // Something of it may be being executed: it goes when that is over. Shared because std::function wants to be copied.
  const std::shared_ptr<Component> gone = std::move(found->second);
  components_.erase(found);
  *component.alive_ = false;
  context_.after(base::milliseconds(0), [gone] {});
  if (outcome != nullptr) context_.observer.on_complete(*this, gone->id(), *outcome);
  if (components_.empty()) on_components_gone();
}

}  // namespace call
