#pragma once
// What components run on: a call or a mixer. Keeps its components, hands them what media reports, and cannot go before
// the last of them is complete. Owned by Calls or Mixers; control thread.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "call/component.hpp"
#include "call/context.hpp"

namespace call {

class Host {
 public:
  Host(Context& context, std::string id) : context_(context), id_(std::move(id)) {}
  virtual ~Host() = default;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const std::string& id() const { return id_; }
  Context& context() const { return context_; }

  virtual bool is_mixer() const = 0;
  virtual bool is_ending() const = 0;
  // What a new component works on. `unexpected` where there is no media; an unanswered call opens early media if its
  // peer takes that (§6.5).
  virtual base::Result<media::EndpointRef> open_media() = 0;
  // What it is to media; id 0: nothing yet.
  virtual media::EndpointRef endpoint() const = 0;
  // Of its audio at present, Hz.
  virtual std::uint32_t rate() const = 0;
  // For tags of what is recorded.
  virtual std::string to() const { return {}; }
  virtual std::string from() const { return {}; }
  // Of the INVITE that a call began with.
  virtual sip::Headers invite_headers() const { return {}; }

  void add(std::unique_ptr<Component> component);
  Component* find_component(const std::string& id) const;
  bool has_components() const { return !components_.empty(); }

  template <class Event>
  void pass_on(const Event& event) {
    for (const auto& component : each_component()) {
      if (Component* one = find_component(component)) one->on_media(event);
    }
  }

 protected:
  // Tells every component that the host ends.
  void end_components();
  std::vector<std::string> each_component() const;  // their ids; components may come and go while they are gone through
  // The last component is gone.
  virtual void on_components_gone() {}

 private:
  friend class Component;
  // The component is over; with an outcome: it is told. Destroyed later.
  void release(Component& component, const Outcome* outcome);

  Context& context_;
  const std::string id_;
  std::map<std::string, std::unique_ptr<Component>> components_;
};

}  // namespace call
