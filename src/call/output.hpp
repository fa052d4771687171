#pragma once
// An output of a call or a mixer, as a component of it (XEP-0327 §6.5.3): on a call heard by its party alone, on a
// mixer by everyone. Control thread.
//
//   opening ──▶ running ──its end, max-time, stop, a key, end of the host──▶ complete(OutputOutcome)

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "call/component.hpp"
#include "call/playback.hpp"
#include "play/loader.hpp"

namespace call {

// What the party does that ends an output early (rayo-server's interrupt-on).
struct InterruptOn {
  bool digit = false;
  bool voice = false;
};

struct OutputSettings {
  std::vector<play::Document> documents;
  play::Manner manner;
  std::string voice;
  std::optional<std::chrono::milliseconds> max_time;  // repeats and pauses included
  InterruptOn interrupt_on;

  // What the renderer is asked for, for a host of that rate.
  play::Request request(std::uint32_t rate) const { return {documents, rate, manner, voice}; }
};

class Output final : public Component, public Plays {
 public:
  // Starts one as component `id` (unique in the server).
  static void start(Host& host, const std::string& id, OutputSettings settings, Started started);

  Output(Host& host, std::string id, OutputSettings settings, media::EndpointRef endpoint, Started started);

  base::Result<Playback*> playback() override { return &playback_; }

  base::Result<void> stop() override;
  void on_host_ends() override;
  void on_media(const media::OutputEnded& event) override;
  void on_media(const media::Digit& event) override;
  void on_media(const media::Voice& event) override;
  void on_joined(Call& call) override;
  void on_leaving(Call& call) override;

 private:
  void open();
  void on_opened(base::Result<void> opened);
  void finish(OutputOutcome::Reason reason);
  // Whether media reports what may interrupt it, of one party; of all.
  void watch(media::EndpointRef stream, bool on);
  void watch_all(bool on);

  const OutputSettings settings_;
  const media::EndpointRef endpoint_;
  Started started_;
  bool running_ = false;
  Playback playback_;
};

}  // namespace call
