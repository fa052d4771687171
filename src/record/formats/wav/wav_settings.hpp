#pragma once
// The hint that the format "wav" knows: encoding, as in sample_encoding.hpp, or gsm (GSM 06.10; one channel only).

#include <optional>
#include <span>

#include "record/formats/sample_encoding.hpp"

namespace record::wav {

// Nothing: GSM.
base::Result<std::optional<SampleEncoding>> wav_encoding(std::span<const Hint> hints);

}  // namespace record::wav
