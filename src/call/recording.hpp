#pragma once
// A recording of a call or a mixer, as a component of it: opened by the recorder, fed by a tap of the host's endpoint,
// over when the file is where it belongs. Control thread.
//
//   opening ──▶ running ──stop, limits, end of the host──▶ stopping ──▶ complete(record::Outcome)

#include <map>
#include <optional>
#include <string>

#include "call/component.hpp"
#include "call/participant_taps.hpp"
#include "record/recorder.hpp"
#include "sip/user_agent.hpp"

namespace call {

// Who asked for a recording, in the words of the layer above, which mean nothing here.
struct Asker {
  std::string client;   // comes back in record::Recovered, should the recording end by a crash
  std::string account;  // a bare JID, for storage rules and the catalogue
};

// Names in lower case, several values of one name joined by ", " (RFC 3261 §7.3.1).
std::map<std::string, std::string> by_name(const sip::Headers& headers);

class Recording final : public Component {
 public:
  // Starts one as component `id` (unique in the server).
  static void start(Host& host, const std::string& id, const record::Settings& settings, const Asker& asker,
                    Started started);

  Recording(Host& host, std::string id, record::Settings settings, Asker asker, media::EndpointRef endpoint,
            Started started);

  // Pausing twice, resuming what runs and stopping twice change nothing.
  base::Result<void> pause();
  base::Result<void> resume();
  base::Result<void> stop() override;
  void on_host_ends() override;
  void on_media(const media::TapEnded& event) override;
  void on_media(const media::TapUnheard& event) override;
  void on_joined(Call& call) override { on_changed(call); }
  void on_leaving(Call& call) override;
  void on_changed(Call& call) override;

 private:
  enum class State { opening, running, stopping, abandoned };

  void open();
  void on_opened(base::Result<record::Track*> opened);
  void begin_participants(base::Time began);
  void on_finished(const record::Outcome& outcome);

  const record::Settings settings_;
  const Asker asker_;
  const media::EndpointRef endpoint_;
  Started started_;
  State state_ = State::opening;
  record::RecordingId recording_ = 0;            // the tap's id too
  std::optional<ParticipantTaps> participants_;  // of a mixer that keeps them apart
};

}  // namespace call
