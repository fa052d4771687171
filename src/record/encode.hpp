#pragma once
// One file made of audio that is there already. A plain function on a thread that may take its time.

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "record/part.hpp"
#include "storage/spool.hpp"

namespace record {

struct Product {
  std::string stem;  // of the spool file
  const Format* format = nullptr;
  AudioFormat audio;
  std::vector<Hint> hints;
  Tags tags;
  double gain = 1;
};

// The next frames, interleaved, at the product's rate; none: that was all.
using Source = std::function<base::Result<std::span<const std::int16_t>>()>;

// Complete and synced; nothing is left behind where it fails.
base::Result<FinishedPart> encode(const storage::Spool& spool, const Product& product, const Source& source);

}  // namespace record
