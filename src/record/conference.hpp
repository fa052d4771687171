#pragma once
// What becomes of the participants of a conference once its recording has ended: a channel or a file each, as long as
// the recording to the sample. Where one fails the others do not; what was taken down of it is kept as it is then.
// Owned by the thread that finishes recordings.

#include <functional>
#include <optional>
#include <vector>

#include "record/alignment.hpp"
#include "record/encode.hpp"
#include "record/finishing.hpp"

namespace record {

class Conference {
 public:
  // Takes the participants out of the job. `samples`: of the recording, at its rate.
  Conference(FinishingJob& job, std::uint64_t samples);

  std::size_t size() const { return all_.size(); }
  // Their audio as channels, in order. `is_late`: as in finish(). Calls back into this.
  Source channels(const std::function<bool()>& is_late);
  // Their ids, in order.
  std::string channels_text() const;
  // A file of each, in the spool still. An error only where it became too late.
  base::Result<void> make_files(const storage::Spool& spool, const Product& like, const std::function<bool()>& is_late);

  // At the end. The files are to be delivered, and the parts of those whose audio is not all in what was made; the
  // others are obsolete. Says everything in `facts`. `all_parts`: nothing was made.
  void give(Ready& ready, Facts& facts, bool all_parts = false);
  // Leaves the parts alone.
  void remove_files(const storage::Spool& spool);

 private:
  struct One {
    Attendance attendance;
    Aligned aligned;
    std::optional<FinishedPart> file;
    bool is_kept = false;  // in parts
  };

  Source source_of(One& one, const std::function<bool()>& is_late) const;
  std::vector<KeptPart> keep(One& one, Ready& ready) const;

  const std::string stem_;
  const base::Time main_start_;
  const std::uint32_t rate_;
  const std::uint64_t samples_;
  std::vector<One> all_;
  bool has_channels_ = false;
};

}  // namespace record
