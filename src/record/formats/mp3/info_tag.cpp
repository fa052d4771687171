#include "record/formats/mp3/info_tag.hpp"

#include <algorithm>
#include <array>
#include <lame/lame.h>
#include <string>
#include <string_view>

namespace record::mp3 {
namespace {

constexpr std::size_t kXingSize = 4 + 4 + 4 + 4 + 100 + 4;
constexpr std::size_t kLameSize = 36;

constexpr std::array<std::uint16_t, 256> crc_table() {
  std::array<std::uint16_t, 256> table{};
  for (unsigned i = 0; i < table.size(); ++i) {
    unsigned crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1U ^ 0xA001U : crc >> 1U;
    table[i] = static_cast<std::uint16_t>(crc);
  }
  return table;
}

class Printer {
 public:
  Printer(std::span<std::uint8_t> out, std::size_t at) : out_(out), at_(at) {}

  // Big-endian; what does not fit is shown as the highest value.
  void number(std::uint64_t value, unsigned bytes) {
    value = std::min(value, (std::uint64_t{1} << (8 * bytes)) - 1);
    for (unsigned i = bytes; i-- > 0;) out_[at_++] = static_cast<std::uint8_t>(value >> (8 * i));
  }
  void text(std::string_view text, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i) out_[at_++] = i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0;
  }
  std::span<const std::uint8_t> printed() const { return out_.first(at_); }

 private:
  std::span<std::uint8_t> out_;
  std::size_t at_;
};

void print_xing(Printer& print, const InfoTag& tag) {
  constexpr int kFramesBytesTocQuality = 0x0F;
  print.text(tag.method == BitRateMethod::constant ? "Info" : "Xing", 4);
  print.number(kFramesBytesTocQuality, 4);
  print.number(tag.frames, 4);
  print.number(tag.bytes, 4);
  for (const std::uint8_t place : tag.table) print.number(place, 1);
  print.number(static_cast<std::uint64_t>(100 - 10 * tag.quality), 4);
}

void print_lame(Printer& print, const FrameFormat& format, const InfoTag& tag) {
  constexpr unsigned kRevision = 0;
  constexpr std::uint32_t kLongest = 0xFFF;
  const unsigned stereo_mode = format.channels == 1 ? 0 : 1;
  const unsigned source_rate = format.rate <= 32000 ? 0 : format.rate <= 44100 ? 1 : 2;
  print.text(std::string("LAME") + get_lame_short_version(), 9);
  print.number(kRevision << 4U | static_cast<unsigned>(tag.method), 1);
  print.number(static_cast<std::uint64_t>(tag.lowpass_hz / 100), 1);
  print.number(0, 4);  // peak signal: unknown
  print.number(0, 2);  // radio replay gain: unknown
  print.number(0, 2);  // audiophile replay gain: unknown
  print.number(0, 1);  // encoding flags, ATH type
  print.number(static_cast<std::uint64_t>(tag.kbps), 1);
  print.number(std::min(tag.delay, kLongest) << 12U | std::min(tag.padding, kLongest), 3);
  print.number(source_rate << 6U | stereo_mode << 2U, 1);
  print.number(0, 1);  // gain: none
  print.number(0, 2);  // preset: none
  print.number(tag.bytes, 4);
  print.number(tag.music_crc, 2);
  print.number(crc16(0, print.printed()), 2);
}

}  // namespace

int info_tag_bitrate(const FrameFormat& format, int audio_kbps) {
  const std::size_t needed = 4 + format.side_info_size() + kXingSize + kLameSize;
  const auto all = bitrates(format.version);
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](int kbps) { return kbps >= audio_kbps && frame_size(format, kbps) >= needed; });
  return found == all.end() ? all.back() : *found;
}

std::vector<std::uint8_t> info_tag_frame(const FrameFormat& format, const InfoTag& tag) {
  const int kbps = info_tag_bitrate(format, tag.kbps);
  std::vector<std::uint8_t> frame(frame_size(format, kbps));
  const auto header = frame_header(format, kbps);
  std::copy(header.begin(), header.end(), frame.begin());
  Printer print(frame, header.size() + format.side_info_size());
  print_xing(print, tag);
  print_lame(print, format, tag);
  return frame;
}

std::uint16_t crc16(std::uint16_t crc, std::span<const std::uint8_t> bytes) {
  static constexpr auto kTable = crc_table();
  for (const std::uint8_t byte : bytes) crc = static_cast<std::uint16_t>(crc >> 8U ^ kTable[(crc ^ byte) & 0xFFU]);
  return crc;
}

}  // namespace record::mp3
