#pragma once
// All calls that are up: makes one of every INVITE that can be served, and hands each event of signalling and media to
// the call that it concerns. Owned by the control thread.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "call/call.hpp"

namespace call {

class Calls {
 public:
  explicit Calls(Context context);

  void on_sip(sip::Event event);
  void on_media(const media::Event& event);

  Call* find(const std::string& id);
  // The call that a component belongs to, or null.
  Call* find_by_component(const std::string& component);
  void note_component(const std::string& component, const std::string& call);
  void forget_component(const std::string& component);

  std::size_t size() const { return calls_.size(); }
  // No new calls from now on (503); those that are up are hung up. `done` is called when the last is gone.
  void shut_down(std::function<void()> done);

  const Stats& stats() const { return context_.stats; }

 private:
  void on_incoming(sip::Incoming incoming);
  void remove(const std::string& id);
  template <class Event>
  void pass_to_dialog(Event event);
  template <class Event>
  void pass_to_stream(const Event& event);

  Context context_;
  std::unordered_map<std::string, std::unique_ptr<Call>> calls_;
  std::unordered_map<sip::DialogId, Call*> by_dialog_;
  std::unordered_map<std::uint32_t, std::string> by_stream_;  // endpoint -> call id
  std::unordered_map<std::string, std::string> components_;   // component id -> call id
  std::function<void()> on_empty_;                            // shut_down()'s
  bool shutting_down_ = false;
};

}  // namespace call
