#pragma once
// An input of a call or a mixer, as a component of it (XEP-0327 §6.5.4): collects the keys of the call's party, or of
// all who are joined to the mixer, whether they come as RFC 4733 events, as tones or in SIP INFO, until a grammar
// matches or cannot match any more, or a time-out ends it. Control thread.

#include <optional>
#include <string>
#include <vector>

#include "call/component.hpp"
#include "input/session.hpp"

namespace call {

struct InputSettings {
  std::vector<input::Grammar> grammars;
  input::Timeouts timeouts;
  std::optional<char> terminator;
};

class Input : public Component {
 public:
  // Starts one as component `id` (unique in the server).
  static void start(Host& host, const std::string& id, InputSettings settings, const Started& started);

  Input(Host& host, std::string id, InputSettings settings, media::EndpointRef endpoint);
  ~Input() override = default;

  base::Result<void> stop() override;
  void on_host_ends() override;
  void on_media(const media::Digit& event) override;
  void on_joined(Call& call) override;
  void on_leaving(Call& call) override;

 protected:
  media::EndpointRef endpoint() const { return endpoint_; }
  // Keys count from now on.
  void listen();
  // initial-timeout begins.
  void start_timers();
  // It is over: nothing counts any more, and it is told.
  void finish(InputOutcome outcome);

 private:
  // A key has come, before anything is made of it.
  virtual void on_key() {}
  // It is about to be over.
  virtual void on_finish() {}

  void take(const std::optional<input::Outcome>& outcome);
  void arm();
  void detect_tones(bool on);

  input::Session session_;
  const media::EndpointRef endpoint_;
  std::optional<base::Time> armed_;  // the deadline that is waited for
  bool listening_ = false;
};

}  // namespace call
