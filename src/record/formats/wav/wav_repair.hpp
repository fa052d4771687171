#pragma once
// Puts a wav file right that was cut off (record/formats/format.hpp): whole blocks, and the sizes in its header. A
// plain function on a thread that may block on the disk.

#include "record/formats/format.hpp"

namespace record::wav {

base::Result<Repaired> repair_wav(OutputFile& file);

}  // namespace record::wav
