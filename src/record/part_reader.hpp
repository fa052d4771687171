#pragma once
// Reads a finished part again (libsndfile): exactly as many samples as were written, whatever a lossy format put before
// and behind them. Owned by one thread.

#include <memory>
#include <sndfile.h>
#include <string_view>
#include <vector>

#include "record/part.hpp"

namespace record {

class PartReader {
 public:
  // `encoding` is that of the hint of this name, for a file without a header.
  static base::Result<std::unique_ptr<PartReader>> open(const FinishedPart& part, std::string_view encoding);

  // What comes out may have another rate than what went in (an Opus file).
  std::uint32_t rate() const { return rate_; }
  // The next frames, interleaved; none: that was all. An error where the file does not hold what it should.
  base::Result<std::span<const std::int16_t>> read();

 private:
  struct Close {
    void operator()(SNDFILE* file) const { sf_close(file); }
  };
  using File = std::unique_ptr<SNDFILE, Close>;

  PartReader(File file, std::string name, std::uint32_t rate, int channels, std::uint64_t samples);

  const File file_;
  const std::string name_;
  const std::uint32_t rate_;
  const std::size_t channels_;
  std::uint64_t left_;  // samples, a channel
  std::vector<float> floats_;
  std::vector<std::int16_t> samples_;
};

}  // namespace record
