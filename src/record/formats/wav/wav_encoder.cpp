#include "record/formats/wav/wav_encoder.hpp"

#include <array>

namespace record::wav {
namespace {

WavLayout layout_of(SampleEncoding encoding, std::uint32_t frame_size) {
  constexpr std::uint32_t kPcm = 1, kAlaw = 6, kMulaw = 7;
  const std::uint32_t tag = encoding == SampleEncoding::pcm16  ? kPcm
                            : encoding == SampleEncoding::alaw ? kAlaw
                                                               : kMulaw;
  return {tag, frame_size, 1, static_cast<std::uint32_t>(8 * bytes_per_sample(encoding))};
}

}  // namespace

WavEncoder::WavEncoder(OutputFile& file, SampleEncoding encoding, const AudioFormat& audio, const Tags& tags)
    : file_(file),
      encoding_(encoding),
      frame_size_(static_cast<std::uint32_t>(audio.channels) * static_cast<std::uint32_t>(bytes_per_sample(encoding))),
      header_(layout_of(encoding, frame_size_), audio, tags) {}

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
