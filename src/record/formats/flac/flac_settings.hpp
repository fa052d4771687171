#pragma once
// The hint that the format "flac" knows: compression, 0 (fastest) to 8 (smallest), by default 5. The sound is the same.

#include <span>

#include "base/result.hpp"
#include "record/settings.hpp"

namespace record::flac {

struct FlacSettings {
  int compression = 5;
};

base::Result<FlacSettings> flac_settings(std::span<const Hint> hints);

}  // namespace record::flac
