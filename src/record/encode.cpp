#include "record/encode.hpp"

#include <algorithm>
#include <cmath>

namespace record {
namespace {

base::Result<void> fill(Part& file, const Product& product, const Source& source) {
  std::vector<std::int16_t> louder;
  for (;;) {
    auto block = source();
    if (!block) return std::move(block.error());
    if (block->empty()) return file.finish();
    if (product.gain != 1) {
      louder.resize(block->size());
      std::transform(block->begin(), block->end(), louder.begin(), [&](std::int16_t sample) {
        return static_cast<std::int16_t>(std::lrint(std::clamp(sample * product.gain, -32768.0, 32767.0)));
      });
      *block = louder;
    }
    if (auto written = file.write(*block, product.audio.rate); !written) return written;
  }
}

}  // namespace

base::Result<FinishedPart> encode(const storage::Spool& spool, const Product& product, const Source& source) {
  auto opened = Part::open(spool, product.stem, *product.format, product.audio, product.hints, product.tags);
  if (!opened) return std::move(opened.error());
  const std::unique_ptr<Part> file = std::move(*opened);
  const auto filled = fill(*file, product, source);
  std::string error;
  FinishedPart finished = file->close(error);
  if (filled && error.empty()) return finished;
  spool.remove(finished.file);
  return filled ? base::Error{base::Kind::internal, error} : filled.error();
}

}  // namespace record
