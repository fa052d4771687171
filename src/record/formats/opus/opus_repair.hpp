#pragma once
// Puts an Ogg file of this kind right that was cut off (record/formats/format.hpp, ogg_repair.hpp). A plain function on
// a thread that may block on the disk.

#include "record/formats/format.hpp"

namespace record::opus {

base::Result<Repaired> repair_opus(OutputFile& file);

}  // namespace record::opus
