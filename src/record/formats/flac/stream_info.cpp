#include "record/formats/flac/stream_info.hpp"

#include "record/formats/byte_printer.hpp"

namespace record::flac {

std::vector<std::uint8_t> block_header(BlockType type, std::size_t length, bool is_last) {
  BytePrinter print;
  print.big((is_last ? 0x80U : 0U) | static_cast<unsigned>(type), 1);
  print.big(length, 3);
  return print.take();
}

std::vector<std::uint8_t> stream_start(const StreamInfo& info) {
  constexpr std::uint64_t kBitsPerSample = 16;
  constexpr std::uint64_t kMostSamples = (std::uint64_t{1} << 36U) - 1;
  BytePrinter print;
  print.text("fLaC");
  print.bytes(block_header(BlockType::stream_info, 34, false));
  print.big(info.block_size, 2);  // the smallest
  print.big(info.block_size, 2);  // the largest
  print.big(info.smallest, 3);
  print.big(info.largest, 3);
  print.big(std::uint64_t{info.rate} << 44U | static_cast<std::uint64_t>(info.channels - 1) << 41U |
                (kBitsPerSample - 1) << 36U | (info.samples & kMostSamples),
            8);
  print.bytes(info.md5);
  return print.take();
}

}  // namespace record::flac
