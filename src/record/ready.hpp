#pragma once
// A recording whose files are complete and synced: what is left is to give them to the stores (record/dispatcher.hpp).
// A value that is moved from the thread that made it to the dispatcher.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "record/journal.hpp"
#include "record/recovered.hpp"
#include "record/sidecar.hpp"
#include "storage/spool.hpp"

namespace record {

using RecordingId = std::uint64_t;

struct ReadyFile {
  storage::SpoolFile file;
  std::string name;  // what it is to be called
};

struct Ready {
  RecordingId id = 0;  // 0: nobody of this process waits for it, it was recovered
  std::string stem;    // of this recording alone
  Request request{};
  Facts facts;
  // The first is the recording; behind it those of participants, and parts that could not be put together. None:
  // nothing was recorded.
  std::vector<ReadyFile> files{};
  // Of the spool: not needed once the delivery is on disk.
  std::vector<std::filesystem::path> obsolete{};
  std::unique_ptr<Journal> journal{};  // likewise; one that was found is among the obsolete
  base::Fd lock{};                     // of one that was found
  // The server stops before its files are put together: they stay in the spool, the next start does it.
  bool is_left = false;
  bool is_told = false;  // by the process before this one
};

}  // namespace record
