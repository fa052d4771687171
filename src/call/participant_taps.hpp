#pragma once
// The taps of those who are recorded apart while they talk in a mixer: one of what each sends, from joining to leaving.
// The recording's own tap says when all of it begins, pauses and ends. Control thread.
//
//   join(call) ─▶ Recorder::open_participant ─▶ track ─▶ tap of the call's stream … leave(call), end() ─▶ stop

#include <map>
#include <memory>
#include <string>

#include "call/context.hpp"
#include "record/recorder.hpp"

namespace call {

class ParticipantTaps {
 public:
  // `recording` runs; `began` as its tap was told.
  ParticipantTaps(Context& context, const record::Settings& settings, record::RecordingId recording, base::Time began);
  ~ParticipantTaps();
  ParticipantTaps(const ParticipantTaps&) = delete;
  ParticipantTaps& operator=(const ParticipantTaps&) = delete;

  // Twice changes nothing.
  void join(const Call& call, base::Time since);
  void leave(const Call& call);
  // Before the recording is resumed; after it was paused.
  void resume();
  void pause();
  void end();

 private:
  struct Tap {
    media::TapId id = 0;
    media::EndpointRef endpoint;
    base::Time since{};
    bool is_attached = false;
  };

  bool attach(const std::string& call, record::ParticipantId id, record::Track& track);

  Context& context_;
  const record::Settings settings_;
  const record::RecordingId recording_;
  base::Time resumed_;  // or begun
  bool paused_;
  bool ended_ = false;
  std::map<std::string, Tap> taps_;                             // by the call's id
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // callbacks that come later look here
};

}  // namespace call
