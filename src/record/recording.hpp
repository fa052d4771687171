#pragma once
// One recording on its writer: takes audio out of its track, encodes it into its spool file, and hands the file over
// when the End comes. Owned by one writer thread.
//
//   growing ──End──▶ done                          a disk error, or shut(): closed first, with what is there, and the
//      └── error / shut() ──▶ closed ──End──▶ done   track lives on until its producer has let go of it by an End
//
// The file has the rate that was asked for, else the call's. When the call becomes wider the part so far is kept and
// another one begins, a WAV file at the wider rate; a recording of several parts, or one to be normalised (which is a
// WAV file until then), is left to the finisher (record/finishing.hpp).
//
// A failure here touches no other recording.

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "record/finishing.hpp"
#include "record/formats/format.hpp"
#include "record/part.hpp"
#include "record/recorder.hpp"
#include "record/settings.hpp"
#include "record/span_map.hpp"
#include "record/track.hpp"
#include "storage/spool.hpp"
#include "storage/stores/file/file_store.hpp"

namespace record {

class Recording {
 public:
  // Makes the folders, the spool file and the encoder; leaves nothing behind where that fails.
  static base::Result<std::unique_ptr<Recording>> open(const Request& request,
                                                       std::chrono::system_clock::time_point began,
                                                       const storage::Spool& spool, const storage::FileStore& store);

  Track& track() { return track_; }

  // Four times a second, which is cheaper than at every turn, and as soon as the End is near or the track fills.
  bool is_due(base::Time now) const { return now >= drain_due_ || track_.is_ending() || track_.is_filling(); }
  // Encodes what is there. `buffer` is lent: at least Track::kMaxBlock samples. True if the End has come.
  bool drain(base::Time now, std::span<std::int16_t> buffer);
  // After the End: completes the file and hands it over, once. Either that is all, or the finisher has to go on.
  struct Ending {
    Outcome outcome;
    std::optional<FinishingJob> job;  // its outcome is the recording's then
  };
  Ending finish();
  // Ends it for a reason of ours: the file is completed as it stands, the producer is told to let go.
  void shut(const std::string& why);
  // Nothing was recorded and nobody wants it: removes the spool file.
  void discard();

 private:
  Recording(const Request& request, Settings settings, const Format& format,
            std::chrono::system_clock::time_point began, const storage::Spool& spool, const storage::FileStore& store);

  std::uint32_t file_rate(std::uint32_t call_rate) const;
  base::Result<void> open_first_part();
  base::Result<void> open_part(const Format& format, const std::string& stem, std::uint32_t rate,
                               std::span<const Hint> hints);
  void enter(const Track::Block& block, std::span<std::int16_t> buffer);
  void write(std::span<const std::int16_t> interleaved);
  void write_silence(std::uint64_t samples, std::span<std::int16_t> buffer);
  void change_rate(std::uint32_t rate);
  void fail(const std::string& what);
  void close();
  Facts facts() const;

  const storage::Spool& spool_;
  const storage::FileStore& store_;
  const Settings settings_;
  const Format& format_;
  const Tags tags_;
  Track track_;
  std::string stem_;            // of the file, as the spool gave it
  std::uint32_t rate_;          // of the audio that comes
  std::unique_ptr<Part> part_;  // none once the last one is closed
  std::vector<FinishedPart> parts_;
  SpanMap map_;
  base::Time drain_due_{};
  std::optional<base::Time> checkpoint_due_;
  std::string error_;  // the first that happened
};

}  // namespace record
