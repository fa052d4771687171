#pragma once
// One logical stream in an Ogg file (RFC 3533) by libogg: packets in, whole pages out. After an error of the disk no
// page follows, for one in the middle would be missing. Owned by one writer thread.

#include <cstdint>
#include <ogg/ogg.h>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "record/output_file.hpp"

namespace record {

class OggPages {
 public:
  explicit OggPages(OutputFile& file);
  OggPages(const OggPages&) = delete;
  OggPages& operator=(const OggPages&) = delete;
  ~OggPages() { ogg_stream_clear(&stream_); }

  // `granule`: as the codec counts, where the packet ends. Pages that are full go into the file.
  base::Result<void> put(std::span<const std::uint8_t> packet, std::int64_t granule, bool is_last = false);
  // All that was put goes into the file.
  base::Result<void> flush();
  // Where the last packet ends that is in the file as a whole.
  std::uint64_t granule() const { return granule_; }

 private:
  base::Result<void> write_pages(int (*next_page)(ogg_stream_state*, ogg_page*));

  OutputFile& file_;
  ogg_stream_state stream_{};
  std::int64_t packets_ = 0;
  std::uint64_t granule_ = 0;
  bool failed_ = false;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace record
