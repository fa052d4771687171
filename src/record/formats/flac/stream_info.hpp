#pragma once
// FLAC's first metadata block (RFC 9639 §8.2), which says how long the file is. Pure functions.

#include <array>
#include <cstdint>
#include <vector>

namespace record::flac {

struct StreamInfo {
  std::uint32_t block_size = 4096;          // samples
  std::uint32_t smallest = 0, largest = 0;  // frame, bytes; 0: unknown
  std::uint32_t rate = 8000;                // Hz
  int channels = 1;
  std::uint64_t samples = 0;           // a channel; 0: unknown
  std::array<std::uint8_t, 16> md5{};  // of all samples, little-endian; zeros: unknown
};

enum class BlockType : std::uint8_t { stream_info = 0, vorbis_comment = 4 };

// "fLaC", then STREAMINFO: 42 bytes. More metadata must follow.
std::vector<std::uint8_t> stream_start(const StreamInfo& info);
// The four bytes before a metadata block of that length.
std::vector<std::uint8_t> block_header(BlockType type, std::size_t length, bool is_last);

}  // namespace record::flac
