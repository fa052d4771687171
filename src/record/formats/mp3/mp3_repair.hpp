#pragma once
// Puts an mp3 file of ours right that was cut off (record/formats/format.hpp): whole frames only, and an Info tag that
// says how many. A plain function on a thread that may block on the disk.

#include "record/formats/format.hpp"

namespace record::mp3 {

base::Result<Repaired> repair_mp3(OutputFile& file);

}  // namespace record::mp3
