#pragma once
// A prompt of a call or a mixer: an output, and the input that it asks for, as one component (XEP-0327 §6.5.5).
// Control thread.
//
//   opening ──▶ playing ── its end, max-time, or a key (barge-in) ──▶ collecting ──▶ complete(InputOutcome)
//                                    the input's timers start here ──▲
//
// With barge-in keys count from the beginning, and the first one ends the output; without it those that come while it
// plays are passed over.

#include "call/input.hpp"
#include "call/output.hpp"
#include "call/playback.hpp"

namespace call {

struct PromptSettings {
  OutputSettings output;
  InputSettings input;
  bool barge_in = true;
};

class Prompt final : public Input, public Plays {
 public:
  // Starts one as component `id` (unique in the server).
  static void start(Host& host, const std::string& id, PromptSettings settings, Started started);

  Prompt(Host& host, std::string id, PromptSettings settings, media::EndpointRef endpoint, Started started);

  base::Result<Playback*> playback() override;

  void on_host_ends() override;
  using Input::on_media;
  void on_media(const media::OutputEnded& event) override;

 private:
  enum class State { opening, playing, collecting };

  void open();
  void on_opened(base::Result<void> opened);
  void end_output();
  void on_key() override;
  void on_finish() override { playback_.cease(); }

  const OutputSettings output_;
  const bool barge_in_;
  Started started_;
  State state_ = State::opening;
  Playback playback_;
};

}  // namespace call
