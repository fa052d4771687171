#pragma once
// Reads finished parts one behind the other, at one rate. Owned by one thread.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "record/part_reader.hpp"
#include "record/resampler.hpp"

namespace record {

class PartSequence {
 public:
  // `encoding` as in PartReader::open. `parts` must outlive it.
  PartSequence(std::span<const FinishedPart> parts, const AudioFormat& audio, std::string encoding = {});

  // The next frames, interleaved, valid until the next call; none: that was all.
  base::Result<std::span<const std::int16_t>> read();

 private:
  base::Result<void> open_next();

  std::span<const FinishedPart> left_;
  const AudioFormat audio_;
  const std::string encoding_;
  std::unique_ptr<PartReader> reader_;
  std::unique_ptr<Resampler> resampler_;  // none while the rates are the same
  std::vector<std::int16_t> resampled_;
};

}  // namespace record
