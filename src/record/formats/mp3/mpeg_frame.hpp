#pragma once
// MPEG audio layer III frames: which rates and bit rates there are, how long a frame is, its header (ISO 11172-3
// §2.4.2.3, ISO 13818-3; "MPEG-2.5" for 8, 11.025 and 12 kHz is Fraunhofer's). Pure functions.

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace record::mp3 {

enum class MpegVersion : std::uint8_t { mpeg25 = 0, mpeg2 = 2, mpeg1 = 3 };  // as the header says it

// What all frames of one file have in common.
struct FrameFormat {
  MpegVersion version = MpegVersion::mpeg25;
  std::uint8_t rate_index = 2;
  std::uint32_t rate = 8000;
  int channels = 1;

  std::uint32_t samples() const { return version == MpegVersion::mpeg1 ? 1152 : 576; }  // a frame, a channel
  std::size_t side_info_size() const;
};

// Nothing if layer III has no such rate.
std::optional<FrameFormat> frame_format(std::uint32_t rate, int channels);

// In kbit/s, ascending; of MPEG-2.5 only those that LAME makes (up to 64).
std::span<const std::uint16_t> bitrates(MpegVersion version);
// The one of them that is nearest.
int nearest_bitrate(MpegVersion version, int kbps);

// Bytes, without a padding slot.
std::size_t frame_size(const FrameFormat& format, int kbps);
// Plain stereo or mono, no CRC, no padding slot, original.
std::array<std::uint8_t, 4> frame_header(const FrameFormat& format, int kbps);

// The length in bytes that a frame header states; 0 if it is none.
std::size_t stated_frame_size(std::span<const std::uint8_t, 4> header);

}  // namespace record::mp3
