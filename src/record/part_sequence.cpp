#include "record/part_sequence.hpp"

namespace record {

PartSequence::PartSequence(std::span<const FinishedPart> parts, const AudioFormat& audio, std::string encoding)
    : left_(parts), audio_(audio), encoding_(std::move(encoding)) {}

base::Result<void> PartSequence::open_next() {
  auto reader = PartReader::open(left_.front(), encoding_);
  if (!reader) return std::move(reader.error());
  reader_ = std::move(*reader);
  resampler_.reset();
  left_ = left_.subspan(1);
  if (reader_->rate() == audio_.rate) return {};
  auto resampler = Resampler::open(reader_->rate(), audio_.rate, audio_.channels);
  if (!resampler) return std::move(resampler.error());
  resampler_ = std::move(*resampler);
  return {};
}

base::Result<std::span<const std::int16_t>> PartSequence::read() {
  for (;;) {
    if (!reader_) {
      if (left_.empty()) return std::span<const std::int16_t>();
      if (auto opened = open_next(); !opened) return std::move(opened.error());
    }
    auto block = reader_->read();
    if (!block) return std::move(block.error());
    const bool is_over = block->empty();
    if (resampler_) {
      resampled_.clear();
      is_over ? resampler_->drain(resampled_) : resampler_->write(*block, resampled_);
      *block = resampled_;
    }
    if (is_over) reader_.reset();
    if (!block->empty()) return block;
  }
}

}  // namespace record
