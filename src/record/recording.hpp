#pragma once
// One recording on its writer: a track, and for a conference those of its participants, captured into the spool; and
// handed over when the End comes. Owned by one writer thread.
//
//   growing ──End──▶ done          the participants' Ends follow that of the recording itself, and are waited for a
//   while
//
// The file is complete as soon as its track has ended, but where it became wider on the way, or is to be normalised, or
// keeps participants apart: that is left to the finisher (record/finishing.hpp).
//
// A failure here touches no other recording.

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "record/capture.hpp"
#include "record/finishing.hpp"
#include "record/ledger.hpp"
#include "record/participants.hpp"
#include "record/ready.hpp"
#include "storage/spool.hpp"

namespace record {

class Recording {
 public:
  // Makes the spool file and the encoder; leaves nothing behind where that fails. `beginnings`: none, or outlives this.
  static base::Result<std::unique_ptr<Recording>> open(const Request& request,
                                                       std::chrono::system_clock::time_point began,
                                                       const storage::Spool& spool, Beginnings* beginnings = nullptr,
                                                       AudioMemory* memory = nullptr);

  Track& track() { return main_->track(); }
  // `unexpected` where the recording keeps nobody apart or has ended.
  base::Result<Track*> open_participant(const Participant& who, std::uint32_t rate);

  bool is_due(base::Time now) const;
  // Encodes what is there. `buffer` is lent: at least Track::kMaxBlock samples. True if the End has come.
  bool drain(base::Time now, std::span<std::int16_t> buffer);
  // After the End, once: completes the file. Either that is all, or the finisher has to go on.
  using Ending = std::variant<Ready, FinishingJob>;
  Ending finish();
  // Ends it for a reason of ours: the file is completed as it stands, the producer is told to let go.
  void shut(const std::string& why);
  // Nothing was recorded and nobody wants it: removes the spool file.
  void discard();
  // After finish() or discard(): tracks of participants that have to live until their Ends come.
  std::vector<std::unique_ptr<Capture>> take_unreturned() { return participants_.take_unreturned(); }

 private:
  Recording(Request request, const Format& format, Tags tags, std::unique_ptr<Journal> journal,
            std::unique_ptr<Capture> main, const storage::Spool& spool, Beginnings* beginnings, AudioMemory* memory);

  Facts facts(std::uint32_t rate);

  Beginnings* const beginnings_;
  const Request request_;  // as disclosed(); its settings: with all that hints and configuration say
  const Settings& settings_ = request_.settings;
  const Format& format_;
  const Tags tags_;
  std::unique_ptr<Journal> journal_;  // the finisher gets it, where it gets the recording
  const std::unique_ptr<Capture> main_;
  Participants participants_;
  std::optional<base::Time> ended_;
};

}  // namespace record
