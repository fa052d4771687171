#pragma once
// The last step of a recording: gives its file and its sidecar to the store, and says what became of it. Any thread
// that may block on the disk.

#include "record/sidecar.hpp"
#include "storage/spool.hpp"
#include "storage/stores/file/file_store.hpp"

namespace record {

// What each channel of such a recording is: "send", "recv", "mixed" or "send, recv".
std::string channels_text(const Settings& settings);

// `file` is complete and synced; `facts` says all of it but its name. A file that cannot be stored stays in the spool,
// and the outcome is an error; one without its sidecar counts.
Outcome hand_over(const storage::FileStore& store, const storage::SpoolFile& file, const Facts& facts);

}  // namespace record
