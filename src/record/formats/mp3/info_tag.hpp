#pragma once
// The first frame of an mp3 file: a frame without sound whose body says how many frames and bytes follow and how many
// samples at both ends are not the recording's (by Xing, "Info" where the bit rate is constant, with LAME's extension,
// revision 1; http://gabriel.mp3-tech.org/mp3infotag.html). Players get exact durations and sample counts from it.
// LAME's own is not used: below 24 kbit/s at 8 kHz it does not fit into LAME's frame, and LAME then writes none. Pure
// functions.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "record/formats/mp3/mpeg_frame.hpp"

namespace record::mp3 {

enum class BitRateMethod : std::uint8_t { constant = 1, average = 2, variable = 4 };  // as the tag says it

struct InfoTag {
  std::uint64_t frames = 0;     // without this one
  std::uint64_t bytes = 0;      // of the file, with this frame
  std::uint32_t delay = 576;    // samples at the start that the encoder added
  std::uint32_t padding = 0;    // samples at the end
  std::uint16_t music_crc = 0;  // crc16 of all that follows this frame
  int kbps = 32;                // of the audio; where it varies, the lowest or the average
  BitRateMethod method = BitRateMethod::constant;
  std::array<std::uint8_t, 100> table{};  // where each percent begins, in 256ths of the file
  int lowpass_hz = 0;                     // 0: unknown
  int quality = 7;                        // LAME's, 0 (best) to 9
};

// The bit rate of the tag's frame: that of the audio, or the first above it whose frame is long enough.
int info_tag_bitrate(const FrameFormat& format, int audio_kbps);
// frame_size(format, info_tag_bitrate(…)) bytes.
std::vector<std::uint8_t> info_tag_frame(const FrameFormat& format, const InfoTag& tag);

// CRC-16 with the polynomial 0x8005, reflected, from zero: continues `crc` over `bytes`.
std::uint16_t crc16(std::uint16_t crc, std::span<const std::uint8_t> bytes);

}  // namespace record::mp3
