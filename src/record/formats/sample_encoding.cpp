#include "record/formats/sample_encoding.hpp"

#include <bit>

#include "codec/g711.hpp"

namespace record {

std::optional<SampleEncoding> sample_encoding_named(std::string_view name) {
  if (name == "pcm16" || name == "pcm") return SampleEncoding::pcm16;
  if (name == "mulaw" || name == "ulaw") return SampleEncoding::mulaw;
  if (name == "alaw") return SampleEncoding::alaw;
  return std::nullopt;
}

base::Result<SampleEncoding> sample_encoding(std::span<const Hint> hints) {
  auto encoding = SampleEncoding::pcm16;
  for (const Hint& hint : hints) {
    if (hint.name != "encoding") continue;
    const auto known = sample_encoding_named(hint.value);
    if (!known) return base::bad_request("hint 'encoding': expected pcm16, mulaw or alaw");
    encoding = *known;
  }
  return encoding;
}

std::span<const std::uint8_t> encoded(SampleEncoding encoding, std::span<const std::int16_t> samples,
                                      std::vector<std::uint8_t>& buffer) {
  static_assert(std::endian::native == std::endian::little, "samples are written as they are");
  if (encoding == SampleEncoding::pcm16) {
    return {reinterpret_cast<const std::uint8_t*>(samples.data()), samples.size_bytes()};
  }
  buffer.resize(samples.size());
  if (encoding == SampleEncoding::mulaw) {
    codec::g711::Encoder<codec::g711::linear_to_mulaw>().encode(samples, buffer);
  } else {
    codec::g711::Encoder<codec::g711::linear_to_alaw>().encode(samples, buffer);
  }
  return buffer;
}

}  // namespace record
