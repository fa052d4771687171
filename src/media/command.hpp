#pragma once
// What control tells a worker, and what one worker hands to another. Values that cross threads in a Mailbox.

#include <chrono>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "media/bridge.hpp"
#include "media/leg.hpp"
#include "media/switchboard.hpp"

namespace media {

class Worker;

struct Command {
  struct AddStream {
    std::unique_ptr<Leg> leg;
  };
  struct AddBridge {
    std::unique_ptr<Bridge> bridge;
  };
  struct Configure {
    Format format;
  };
  struct AddTap {
    TapId tap = 0;
    TapOptions options;
  };
  enum class TapAction { pause, resume, stop };
  struct ChangeTap {
    TapId tap = 0;
    TapAction action = TapAction::stop;
    record::EndReason reason = record::EndReason::stop;
  };
  struct AddOutput {
    OutputId output = 0;
    play::Feed* feed = nullptr;
  };
  struct RemoveOutput {
    OutputId output = 0;
  };
  struct Mute {
    bool on = false;
  };
  struct WatchVoice {
    bool on = false;
  };
  struct DetectTones {
    bool on = false;
  };
  struct SendKeys {
    std::string keys;
    std::chrono::milliseconds duration{0};
  };
  struct Join {  // with `other`
    bool forth = false, back = false;
  };
  struct Unjoin {};
  struct Destroy {};

  // A move: `to` is told to expect them first, `from` to let them go then; what control says to them meanwhile waits at
  // `to`, in order.
  struct Expect {
    std::vector<std::uint32_t> endpoints;
  };
  struct Leave {
    std::vector<std::uint32_t> endpoints;
    Worker* to = nullptr;
  };
  struct Arrive {
    std::vector<std::uint32_t> endpoints;
    std::vector<std::unique_ptr<Leg>> legs;
    std::vector<std::unique_ptr<Bridge>> bridges;
    std::vector<std::unique_ptr<Wire>> wires;
  };

  std::uint32_t endpoint = 0, other = 0;
  base::Time issued{};
  std::variant<AddStream, AddBridge, Configure, AddTap, ChangeTap, AddOutput, RemoveOutput, Mute, WatchVoice,
               DetectTones, SendKeys, Join, Unjoin, Destroy, Expect, Leave, Arrive>
      what;
};

}  // namespace media
