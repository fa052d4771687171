#pragma once
// Puts a FLAC file right that was cut off (record/formats/format.hpp): ends it behind the last frame that libFLAC
// decodes without complaint (every frame has a checksum), and says in STREAMINFO how long it is. A plain function on a
// thread that may block on the disk.

#include "record/formats/format.hpp"

namespace record::flac {

base::Result<Repaired> repair_flac(OutputFile& file);

}  // namespace record::flac
