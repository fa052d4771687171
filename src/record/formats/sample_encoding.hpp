#pragma once
// How a wav or raw file holds its samples, and the hint "encoding" that says so: pcm16 (also pcm; the default), mulaw
// (also ulaw) or alaw. A sample that came out of G.711 goes back into the very byte that it was, µ-law's two zeros
// included: the negative one travels as -1 (codec/g711.hpp). Pure functions.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "record/settings.hpp"

namespace record {

enum class SampleEncoding : std::uint8_t { pcm16, mulaw, alaw };

constexpr std::size_t bytes_per_sample(SampleEncoding encoding) { return encoding == SampleEncoding::pcm16 ? 2 : 1; }

// Nothing if there is no such encoding.
std::optional<SampleEncoding> sample_encoding_named(std::string_view name);
base::Result<SampleEncoding> sample_encoding(std::span<const Hint> hints);

// Little-endian. What is returned lives in `buffer` or is the samples themselves.
std::span<const std::uint8_t> encoded(SampleEncoding encoding, std::span<const std::int16_t> samples,
                                      std::vector<std::uint8_t>& buffer);

}  // namespace record
