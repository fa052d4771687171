#pragma once
// What runs on a call or a mixer and has a life of its own: a recording, an output, an input, a prompt (XEP-0327 §5.1.6
// and §6.5), free of XML. Owned by its host, on the control thread.
//
//   made, added to its host ──▶ started(…) ──▶ running ──▶ complete(outcome) ──▶ the host tells and destroys it
//                                    └── an error: abandon(), nothing is told
//
// Whoever makes one hands it a `started`, which is called once: with nothing when it runs (then, not before, the client
// gets its reference, so nothing of the component may be reported earlier), or with the reason why it does not.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "base/result.hpp"
#include "media/engine.hpp"
#include "record/settings.hpp"

namespace call {

class Call;
class Host;

using Started = std::function<void(base::Result<void>)>;

// §6.5.3
struct OutputOutcome {
  enum class Reason { stop, hangup, error, finish, max_time };
  Reason reason = Reason::finish;
  std::string error;  // for Reason::error: what went wrong, for a person
};

// §6.5.4
struct InputOutcome {
  enum class Reason { stop, hangup, error, match, noinput, nomatch };
  Reason reason = Reason::match;
  std::string error = {};
  std::string content_type = {};  // of `result`
  std::string result = {};        // for Reason::match: the document, NLSML
  // The same in parts, for clients of 2011-2013: the keys, what they mean, what the grammar's tags say.
  std::string utterance = {}, interpretation = {}, tag = {};
};

using Outcome = std::variant<record::Outcome, OutputOutcome, InputOutcome>;

class Component {
 public:
  Component(Host& host, std::string id);
  virtual ~Component();
  Component(const Component&) = delete;
  Component& operator=(const Component&) = delete;

  const std::string& id() const { return id_; }
  Host& host() const { return host_; }

  // The client's command: it ceases, and completes, soon. Twice changes nothing.
  virtual base::Result<void> stop() = 0;
  // Its call or mixer ends: it completes, with hangup, soon; one that has not started fails. The endpoint is destroyed
  // right behind this.
  virtual void on_host_ends() = 0;

  // What media reports of the host's endpoint (on a mixer: digits and voice of each of its members too). Each component
  // sees all of it and takes what concerns it.
  virtual void on_media(const media::TapEnded&) {}
  virtual void on_media(const media::TapUnheard&) {}
  virtual void on_media(const media::OutputEnded&) {}
  virtual void on_media(const media::Digit&) {}
  virtual void on_media(const media::Voice&) {}
  // On a mixer: a call has been joined to it; is about to leave it.
  virtual void on_joined(Call&) {}
  virtual void on_leaving(Call&) {}
  // Likewise: which way audio goes between the two has changed.
  virtual void on_changed(Call&) {}

 protected:
  // Each destroys the component, later, when nothing of it is being executed any more.
  void complete(Outcome outcome);  // reported to the observer at once
  void abandon();                  // one that has not started
  // Runs it later on the control thread, unless the component is gone by then.
  void after(std::chrono::milliseconds delay, std::function<void()> action);

 private:
  friend class Host;

  Host& host_;
  const std::string id_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // callbacks that may come later look here
};

}  // namespace call
