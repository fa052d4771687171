#pragma once
// All calls and mixers that are up: makes a call of every INVITE that can be served and of every dial command, and
// hands each event of signalling and media to the host that it concerns. Owned by the control thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "call/call.hpp"
#include "call/joins.hpp"
#include "call/mixer.hpp"

namespace call {

class Calls {
 public:
  explicit Calls(Context context);

  void on_sip(sip::Event event);
  void on_media(const media::Event& event);
  // A key of a call's party, however it came.
  void on_digit(Call& call, DigitWays::Way way, const media::Digit& event);

  // Makes a call and sends its INVITE. `id`: as which it is to be known; empty: any. A conflict if that is taken.
  base::Result<Call*> dial(const std::string& id, Dial dial);

  Call* find(const std::string& id);
  Joins& joins() { return joins_; }
  Mixers& mixers() { return mixers_; }
  // A call or mixer by its id.
  Host* find_host(const std::string& id);

  std::size_t size() const { return calls_.size(); }
  // No new calls from now on (503); those that are up are hung up. `done` is called when the last is gone.
  void shut_down(std::function<void()> done);

  const Stats& stats() const { return context_.stats; }

 private:
  void on_incoming(sip::Incoming incoming);
  void remove(const std::string& id);
  template <class Event>
  void pass_to_dialog(Event event);
  Host* host_of(media::EndpointRef endpoint);
  Call* call_of(media::EndpointRef endpoint);
  void on_host_event(const media::Digit& event);
  void on_host_event(const media::Speaking& event);
  void on_host_event(const media::PartySilent& event);
  void on_host_event(const media::Destroyed& event);
  void on_host_event(const media::Voice& event);
  void on_host_event(const media::OutputEnded& event);
  template <class Event>
  void on_host_event(const Event& event);
  template <class Event>
  void pass_to_mixers_of(Host& member, const Event& event);

  Context context_;
  std::unordered_map<std::string, std::unique_ptr<Call>> calls_;
  std::unordered_map<sip::DialogId, Call*> by_dialog_;
  std::unordered_map<std::uint32_t, std::string> by_endpoint_;  // call or mixer id
  Mixers mixers_;
  Joins joins_;
  std::function<void()> on_empty_;  // shut_down()'s
  bool shutting_down_ = false;
};

}  // namespace call
