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

namespace record::wav {

// What the fmt chunk says of the data: blocks of so many bytes, each of so many samples a channel.
struct WavLayout {
  std::uint32_t tag = 1;  // WAVE_FORMAT_… (RFC 2361)
  std::uint32_t block_size = 2;
  std::uint32_t block_samples = 1;
  std::uint32_t bits = 16;  // of a sample; 0 where they have no certain number
};

class WavHeader {
 public:
  WavHeader(const WavLayout& layout, const AudioFormat& audio, const Tags& tags);
  // One of a file: all up to its samples, and where in it fact says their number (0: it does not).
  WavHeader(std::vector<std::uint8_t> bytes, std::size_t fact) : bytes_(std::move(bytes)), fact_(fact) {}

  std::size_t size() const { return bytes_.size(); }
  // For that many bytes of data, which are so many samples a channel. A pad byte that makes the former even is not
  // counted among them.
  std::span<const std::uint8_t> with_data(std::uint64_t data_size, std::uint64_t samples);

 private:
  std::vector<std::uint8_t> bytes_;
  std::size_t fact_ = 0;  // where its number of samples is; 0: no fact
};

}  // namespace record::wav
