#include "record/formats/mp3/mpeg_frame.hpp"

#include <algorithm>
#include <cstdlib>

namespace record::mp3 {
namespace {

// Index 0 of the header means "free format", 15 is forbidden; what is between is here.
constexpr std::array<std::uint16_t, 14> kMpeg1Rates = {32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320};
constexpr std::array<std::uint16_t, 14> kMpeg2Rates = {8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160};
constexpr std::size_t kMpeg25Count = 8;

constexpr std::array<std::uint32_t, 3> kMpeg1SampleRates = {44100, 48000, 32000};

std::uint32_t divisor(MpegVersion version) {
  return version == MpegVersion::mpeg1 ? 1 : version == MpegVersion::mpeg2 ? 2 : 4;
}

}  // namespace

std::size_t FrameFormat::side_info_size() const {
  if (version == MpegVersion::mpeg1) return channels == 1 ? 17 : 32;
  return channels == 1 ? 9 : 17;
}

std::optional<FrameFormat> frame_format(std::uint32_t rate, int channels) {
  for (const MpegVersion version : {MpegVersion::mpeg1, MpegVersion::mpeg2, MpegVersion::mpeg25}) {
    for (std::size_t i = 0; i < kMpeg1SampleRates.size(); ++i) {
      if (kMpeg1SampleRates[i] == rate * divisor(version)) {
        return FrameFormat{version, static_cast<std::uint8_t>(i), rate, channels};
      }
    }
  }
  return std::nullopt;
}

std::span<const std::uint16_t> bitrates(MpegVersion version) {
  if (version == MpegVersion::mpeg1) return kMpeg1Rates;
  if (version == MpegVersion::mpeg2) return kMpeg2Rates;
  return std::span(kMpeg2Rates).first(kMpeg25Count);
}

int nearest_bitrate(MpegVersion version, int kbps) {
  const auto all = bitrates(version);
  return *std::min_element(all.begin(), all.end(),
                           [kbps](int a, int b) { return std::abs(a - kbps) < std::abs(b - kbps); });
}

std::size_t frame_size(const FrameFormat& format, int kbps) {
  return format.samples() / 8 * static_cast<std::size_t>(kbps) * 1000 / format.rate;
}

std::array<std::uint8_t, 4> frame_header(const FrameFormat& format, int kbps) {
  const auto& all = format.version == MpegVersion::mpeg1 ? kMpeg1Rates : kMpeg2Rates;
  const auto bitrate_index = static_cast<unsigned>(std::find(all.begin(), all.end(), kbps) - all.begin() + 1);
  constexpr unsigned kLayer3WithoutCrc = 0x3;
  const unsigned mode = format.channels == 1 ? 3 : 0;
  const auto version = static_cast<unsigned>(format.version);
  return {0xFF, static_cast<std::uint8_t>(0xE0U | version << 3U | kLayer3WithoutCrc),
          static_cast<std::uint8_t>(bitrate_index << 4U | unsigned{format.rate_index} << 2U),
          static_cast<std::uint8_t>(mode << 6U | 0x4U)};
}

std::size_t stated_frame_size(std::span<const std::uint8_t, 4> header) {
  const unsigned version_bits = header[1] >> 3U & 3U;
  const unsigned layer_bits = header[1] >> 1U & 3U;
  const unsigned bitrate_index = header[2] >> 4U;
  const unsigned rate_index = header[2] >> 2U & 3U;
  if (header[0] != 0xFF || (header[1] & 0xE0U) != 0xE0U || version_bits == 1 || layer_bits != 1) return 0;
  if (bitrate_index == 0 || bitrate_index == 15 || rate_index == 3) return 0;
  const auto version = static_cast<MpegVersion>(version_bits);
  const auto& all = version == MpegVersion::mpeg1 ? kMpeg1Rates : kMpeg2Rates;
  const FrameFormat format{version, static_cast<std::uint8_t>(rate_index),
                           kMpeg1SampleRates[rate_index] / divisor(version), 1};
  return frame_size(format, all[bitrate_index - 1]) + (header[2] >> 1U & 1U);
}

}  // namespace record::mp3
