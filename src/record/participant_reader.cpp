#include "record/participant_reader.hpp"

#include <algorithm>

namespace record {

void ParticipantReader::read(std::span<std::int16_t> out) {
  std::fill(out.begin(), out.end(), std::int16_t{0});
  const std::uint64_t end = position_ + out.size();
  while (position_ < end && visit_ < aligned_.copies.size()) {
    const auto& copies = aligned_.copies[visit_];
    if (copy_ == copies.size()) {
      ++visit_;
      copy_ = 0;
      parts_.reset();
      continue;
    }
    const Copy& next = copies[copy_];
    const std::uint64_t begin = std::max(position_, next.to);
    if (begin >= end) break;
    const std::uint64_t count = std::min(next.to + next.length, end) - begin;
    copy(out.subspan(static_cast<std::size_t>(begin - position_), static_cast<std::size_t>(count)),
         next.from + (begin - next.to));
    out = out.subspan(static_cast<std::size_t>(begin + count - position_));
    position_ = begin + count;
    if (position_ == next.to + next.length) ++copy_;
  }
  position_ = end;
}

// From sample `from` of the visit, which is never before what was copied last.
void ParticipantReader::copy(std::span<std::int16_t> out, std::uint64_t from) {
  if (!parts_) {
    parts_ = std::make_unique<PartSequence>(attendance_.visits[visit_].parts, AudioFormat{rate_, 1});
    read_ = 0;
    block_ = {};
  }
  while (!out.empty()) {
    const std::uint64_t at = read_ - block_.size();  // of the block's first sample
    if (at < from) block_ = block_.subspan(static_cast<std::size_t>(std::min<std::uint64_t>(from - at, block_.size())));
    if (!block_.empty()) {
      const std::size_t count = std::min(out.size(), block_.size());
      std::copy_n(block_.begin(), count, out.begin());
      out = out.subspan(count);
      block_ = block_.subspan(count);
      from += count;
      continue;
    }
    auto block = parts_->read();
    if (!block) {
      if (error_.empty()) error_ = block.error().text;
      parts_ = std::make_unique<PartSequence>(std::span<const FinishedPart>(), AudioFormat{rate_, 1});  // no more of it
      return;
    }
    if (block->empty()) return;  // missing by rounding
    block_ = *block;
    read_ += block_.size();
  }
}

}  // namespace record
