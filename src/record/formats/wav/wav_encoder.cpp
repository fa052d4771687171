#include "record/formats/wav/wav_encoder.hpp"

#include <algorithm>
#include <bit>
#include <string_view>

namespace record::wav {
namespace {

constexpr std::uint32_t kBytesPerSample = 2;
constexpr std::uint64_t kLargestSize = 0xFFFFFFFF;

class HeaderPrinter {
 public:
  explicit HeaderPrinter(std::span<std::uint8_t> out) : out_(out) {}

  void text(std::string_view four) {
    for (const char c : four) out_[at_++] = static_cast<std::uint8_t>(c);
  }
  void number(std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out_[at_++] = static_cast<std::uint8_t>(value >> (8 * i));
  }

 private:
  std::span<std::uint8_t> out_;
  std::size_t at_ = 0;
};

}  // namespace

std::array<std::uint8_t, WavEncoder::kHeaderSize> WavEncoder::header() const {
  constexpr int kPcm = 1;
  const std::uint64_t data_size = file_.size() > kHeaderSize ? file_.size() - kHeaderSize : 0;
  const std::uint32_t frame_size = static_cast<std::uint32_t>(audio_.channels) * kBytesPerSample;
  std::array<std::uint8_t, kHeaderSize> header{};
  HeaderPrinter print(header);
  print.text("RIFF");
  print.number(std::min(data_size + kHeaderSize - 8, kLargestSize), 4);
  print.text("WAVE");
  print.text("fmt ");
  print.number(16, 4);
  print.number(kPcm, 2);
  print.number(static_cast<std::uint32_t>(audio_.channels), 2);
  print.number(audio_.rate, 4);
  print.number(static_cast<std::uint64_t>(audio_.rate) * frame_size, 4);
  print.number(frame_size, 2);
  print.number(std::uint64_t{8} * kBytesPerSample, 2);
  print.text("data");
  print.number(std::min(data_size, kLargestSize - kHeaderSize), 4);
  return header;
}

base::Result<void> WavEncoder::begin() { return file_.append(header()); }

base::Result<void> WavEncoder::write(std::span<const std::int16_t> interleaved) {
  static_assert(std::endian::native == std::endian::little,
                "WAVE is little-endian, and samples are written as they are");
  return file_.append({reinterpret_cast<const std::uint8_t*>(interleaved.data()), interleaved.size_bytes()});
}

base::Result<void> WavEncoder::checkpoint() { return file_.rewrite(0, header()); }

std::uint64_t WavEncoder::samples() const {
  const std::uint64_t size = file_.size();
  return size > kHeaderSize ? (size - kHeaderSize) / kBytesPerSample / static_cast<std::uint32_t>(audio_.channels) : 0;
}

}  // namespace record::wav
