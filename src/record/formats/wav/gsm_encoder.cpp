#include "record/formats/wav/gsm_encoder.hpp"

#include <algorithm>
#include <array>

namespace record::wav {
namespace {

constexpr std::size_t kFrame = 160;  // samples
constexpr std::size_t kBlock = 2 * kFrame;
constexpr std::size_t kBlockSize = 65;      // bytes
constexpr std::size_t kSecondFrameAt = 32;  // in a block; half of its first byte is the first frame's
constexpr WavLayout kGsm610{0x31, kBlockSize, kBlock, 0};

}  // namespace

base::Result<std::unique_ptr<Encoder>> GsmEncoder::open(OutputFile& file, const AudioFormat& audio, const Tags& tags) {
  if (audio.channels != 1) return base::bad_request("hint 'encoding': gsm holds one channel only");
  Gsm gsm(gsm_create());
  int as_microsoft = 1;
  if (!gsm || gsm_option(gsm.get(), GSM_OPT_WAV49, &as_microsoft) < 0) {
    return base::Error{base::Kind::internal, "wav: libgsm cannot write blocks of 65 bytes"};
  }
  std::unique_ptr<GsmEncoder> encoder(new GsmEncoder(file, std::move(gsm), audio, tags));
  if (auto put = file.append(encoder->header_.with_data(0, 0)); !put) return std::move(put.error());
  return std::unique_ptr<Encoder>(std::move(encoder));
}

GsmEncoder::GsmEncoder(OutputFile& file, Gsm gsm, const AudioFormat& audio, const Tags& tags)
    : file_(file), gsm_(std::move(gsm)), header_(kGsm610, audio, tags) {}

base::Result<void> GsmEncoder::write(std::span<const std::int16_t> samples) {
  pending_.insert(pending_.end(), samples.begin(), samples.end());
  written_ += samples.size();
  return put_blocks();
}

base::Result<void> GsmEncoder::put_blocks() {
  const std::size_t count = pending_.size() / kBlock;
  if (count == 0) return {};
  std::vector<std::uint8_t> bytes(count * kBlockSize);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint8_t* block = bytes.data() + i * kBlockSize;
    gsm_encode(gsm_.get(), pending_.data() + i * kBlock, block);
    gsm_encode(gsm_.get(), pending_.data() + i * kBlock + kFrame, block + kSecondFrameAt);
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(count * kBlock));
  if (auto put = file_.append(bytes); !put) return put;
  blocks_ += count;
  return {};
}

std::uint64_t GsmEncoder::samples() const { return std::min<std::uint64_t>(blocks_ * kBlock, written_); }

base::Result<void> GsmEncoder::checkpoint() {
  return file_.rewrite(0, header_.with_data(blocks_ * kBlockSize, samples()));
}

base::Result<void> GsmEncoder::finish() {
  if (!pending_.empty()) {
    pending_.resize(kBlock);
    if (auto put = put_blocks(); !put) return put;
  }
  if (blocks_ * kBlockSize % 2 != 0) {
    constexpr std::array<std::uint8_t, 1> kPad = {0};
    if (auto put = file_.append(kPad); !put) return put;
  }
  return checkpoint();
}

}  // namespace record::wav
