#pragma once
// One recording on its writer: takes audio out of its track, encodes it into its spool file, and hands the file over
// when the End comes. Owned by one writer thread.
//
//   growing ──End──▶ closed ─▶ done                 a disk error, or shut(): closed first, with what is there, and the
//      └──── error / shut() ──▶ closed ──End──▶ done   track lives on until its producer has let go of it by an End
//
// A failure here touches no other recording.

#include <chrono>
#include <memory>
#include <optional>
#include <span>

#include "base/clock.hpp"
#include "record/formats/format.hpp"
#include "record/output_file.hpp"
#include "record/recorder.hpp"
#include "record/settings.hpp"
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

  // Four times a second, which is cheaper than at every turn, and as soon as the End is near.
  bool is_due(base::Time now) const { return now >= drain_due_ || track_.is_ending(); }
  // Encodes what is there. `buffer` is lent: at least Track::kMaxBlock samples. True if the End has come.
  bool drain(base::Time now, std::span<std::int16_t> buffer);
  // After the End: completes the file and hands it over, if that has not been done; once.
  Outcome finish();
  // Ends it for a reason of ours: the file is completed as it stands, the producer is told to let go.
  void shut(const std::string& why);
  // Nothing was recorded and nobody wants it: removes the spool file.
  void discard();

 private:
  Recording(const Request& request, const storage::Spool& spool, const storage::FileStore& store,
            storage::SpoolFile spool_file);

  void fail(const std::string& what);
  void close();

  const storage::Spool& spool_;
  const storage::FileStore& store_;
  Track track_;
  storage::SpoolFile spool_file_;
  OutputFile file_;
  std::unique_ptr<Encoder> encoder_;  // none once the file is closed
  base::Time drain_due_{};
  std::optional<base::Time> checkpoint_due_;
  std::string error_;  // the first that happened
  Outcome outcome_;    // of the file, once closed
};

}  // namespace record
