#pragma once
// What lies in the spool and belongs to no recording that is running: found at start, before anything is opened there.
// Any thread that may block on the disk; a few reads for each recording, so that it takes no time worth speaking of.

#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "record/story.hpp"
#include "storage/spool.hpp"

namespace record {

// One recording.
struct Leftover {
  std::string stem;
  Story story;                     // unknown where there was no journal, or it says nothing
  std::filesystem::path journal;   // empty: there is none
  base::Fd lock;                   // of the journal: no other process puts it right at the same time
  std::vector<std::string> files;  // names in the spool, sorted: all of it but the journal
};

// The recordings that were left, in order of their names; those whose journal is locked are somebody's. What the
// recorder itself left there that belongs to no recording is removed.
base::Result<std::vector<Leftover>> survey(const storage::Spool& spool);

}  // namespace record
