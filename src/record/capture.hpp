#pragma once
// One track on its way into the spool: takes the audio out, encodes it into parts, and keeps the map of what it is.
// Owned by one writer thread.
//
//   growing ──End──▶ ended                           a disk error, or shut(): closed first, with what is there, and the
//      └── error / shut() ──▶ closed ──End──▶ ended    track lives on until its producer has let go of it by an End
//
// The file has the rate that was asked for, else that of the audio. When the audio becomes wider the part so far is
// kept and another one begins, a WAV file at the wider rate; but where it is encrypted, since parts cannot be read
// again to be put together: that stays at its first rate.

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "record/journal.hpp"
#include "record/part.hpp"
#include "record/span_map.hpp"
#include "record/track.hpp"

namespace record {

// What keeps audio as it is until the recording is finished.
inline constexpr std::string_view kMaster = "wav";

class Capture {
 public:
  struct Plan {
    std::string stem;                               // of the first part's name, with `suffix` behind it
    std::string suffix = {};                        // "-master"; empty where the part is to be the file
    const Format* part_format = nullptr;            // of the first part
    const Format* file_format = nullptr;            // of what is made in the end
    std::vector<Hint> hints = {};                   // for the first part
    std::optional<std::uint32_t> sample_rate = {};  // Hz, of the file; nothing: the audio's
    std::uint32_t rate = 8000;                      // Hz, of the audio that comes first
    int channels = 1;
    Tags tags = {};
    std::vector<seal::Recipient> encrypt_to = {};  // keys that the parts are sealed to; none: they are plain
    Journal* journal = nullptr;        // told of all that is needed after a crash; must live until this is closed
    const Participant* who = nullptr;  // for the journal: needed while it is opened only
    AudioMemory* memory = nullptr;     // for what the disk is too slow for; outlives this
  };

  // Makes the spool file and the encoder; leaves nothing behind where that fails.
  static base::Result<std::unique_ptr<Capture>> open(const storage::Spool& spool, Plan plan);

  Track& track() { return track_; }
  const std::string& stem() const { return plan_.stem; }  // with the number that the spool put behind it
  const storage::SpoolFile& file() const { return part_->file(); }

  // Some six times a second, which is cheaper than at every turn, and as soon as the End is near or the track fills.
  bool is_due(base::Time now) const { return now >= drain_due_ || track_.is_ending() || track_.is_filling(); }
  // Encodes what is there. `buffer` is lent: at least Track::kMaxBlock samples. True if the End has come.
  bool drain(base::Time now, std::span<std::int16_t> buffer);
  // After the End: completes the last part.
  void finish();
  // Ends it for a reason of ours: the part is completed as it stands, the producer is told to let go.
  void shut(const std::string& why);
  // Nobody wants it: removes the parts.
  void discard();

  // Once finished or shut; none where nothing was recorded before an error.
  std::vector<FinishedPart> take_parts() { return std::move(parts_); }
  std::uint32_t file_rate() const;  // Hz
  const SpanMap& map() const { return map_; }
  const std::string& error() const { return error_; }  // the first that happened
  void set_error(const std::string& what) { error_ = error_.empty() ? what : error_; }
  // When its first sample was; where the producer does not say, when it was opened.
  base::Time start() const { return track_.start().value_or(opened_); }

 private:
  Capture(const storage::Spool& spool, Plan plan);

  std::uint32_t file_rate(std::uint32_t audio_rate) const;
  base::Result<void> open_first_part();
  base::Result<void> open_part(const Format& format, const std::string& stem, std::uint32_t rate,
                               std::span<const Hint> hints);
  void enter(const Track::Block& block, std::span<std::int16_t> buffer);
  void write(std::span<const std::int16_t> interleaved);
  void write_silence(std::uint64_t samples, std::span<std::int16_t> buffer);
  void change_rate(std::uint32_t rate);
  void keep_up(base::Time now);
  void fail(const std::string& what);
  void close();

  const storage::Spool& spool_;
  Plan plan_;
  Track track_;
  const base::Time opened_ = base::Clock::now();
  std::uint32_t rate_;          // of the audio that comes
  std::unique_ptr<Part> part_;  // none once the last one is closed
  std::vector<FinishedPart> parts_;
  SpanMap map_;
  base::Time drain_due_{};
  std::optional<base::Time> checkpoint_due_;
  base::Time map_due_{};
  int journal_track_ = 0;
  bool has_journaled_start_ = false;
  std::string error_;
};

}  // namespace record
