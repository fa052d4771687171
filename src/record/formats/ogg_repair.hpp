#pragma once
// Puts an Ogg file right that was cut off (RFC 3533): ends it behind the last page that is whole (its checksum says so)
// and on which a packet ends, and marks that page as the last of its stream. A plain function on a thread that may
// block on the disk.

#include <cstdint>
#include <vector>

#include "record/output_file.hpp"

namespace record {

struct OggEnd {
  std::vector<std::uint8_t> first_packet;  // that says what the stream is; empty where not even that is whole
  std::uint64_t granule = 0;               // where the file ends, as the codec counts
};

base::Result<OggEnd> repair_ogg(OutputFile& file);

}  // namespace record
