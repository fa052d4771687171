#include "record/formats/wav/wav_encoder.hpp"

#include <array>

namespace record::wav {

base::Result<void> WavEncoder::write(std::span<const std::int16_t> interleaved) {
  return file_.append(encoded(encoding_, interleaved, buffer_));
}

base::Result<void> WavEncoder::finish() {
  if (data_size() % 2 != 0 && padding_ == 0) {
    constexpr std::array<std::uint8_t, 1> kPad = {0};
    if (auto put = file_.append(kPad); !put) return put;
    padding_ = kPad.size();
  }
  return checkpoint();
}

std::uint64_t WavEncoder::data_size() const {
  const std::uint64_t size = file_.size();
  return size > header_.size() ? size - header_.size() - padding_ : 0;
}

}  // namespace record::wav
