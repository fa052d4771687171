#pragma once
// The header of a wav file: all before its samples. Its layout is settled once, so that it can be rewritten while the
// file grows:
//
//   RIFF size WAVE │ JUNK, 28 bytes │ bext │ LIST INFO │ fmt  │ fact │ data size │ samples …
//   RF64  -1  WAVE │ ds64           │          past 4 GB           │ data  -1
//
// bext (EBU Tech 3285, version 1) and INFO are there if anything is known to say in them, fact if the samples are not
// PCM. JUNK keeps the place of ds64 (EBU Tech 3306). Owned by one thread.

#include <cstdint>
#include <span>
#include <vector>

#include "record/formats/format.hpp"
#include "record/formats/sample_encoding.hpp"

namespace record::wav {

class WavHeader {
 public:
  WavHeader(SampleEncoding encoding, const AudioFormat& audio, const Tags& tags);

  std::size_t size() const { return bytes_.size(); }
  std::uint32_t frame_size() const { return frame_size_; }  // bytes of one sample of all channels
  // For that many bytes of samples; a pad byte that makes their number even is counted with them by nobody.
  std::span<const std::uint8_t> with_data(std::uint64_t data_size);

 private:
  const std::uint32_t frame_size_;
  std::vector<std::uint8_t> bytes_;
  std::size_t fact_ = 0;  // where its number of samples is; 0: no fact
};

}  // namespace record::wav
