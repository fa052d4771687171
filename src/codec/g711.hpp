#pragma once
// ITU-T G.711: the two companding laws, and the plug-in that both share. Samples are 16-bit: G.711's 14-bit (µ-law) and
// 13-bit (A-law) values shifted up, as ITU-T G.191's reference coder has them. Stateless; any thread.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "codec/codec.hpp"

namespace codec::g711 {

constexpr std::int16_t mulaw_to_linear(std::uint8_t code) {
  const int bits = ~code & 0xff;
  const int segment = bits >> 4 & 7;
  const int magnitude = (((bits & 15) * 2 + 33) << segment) - 33;
  return static_cast<std::int16_t>((bits & 0x80) != 0 ? -4 * magnitude : 4 * magnitude);
}

// What the decoder gives: the negative zero becomes -1, which no code stands for and which is compressed to it again.
// So a µ-law file can be exact to the bit; whoever wants the recommendation's values turns -1 into 0.
constexpr std::int16_t mulaw_to_distinct_linear(std::uint8_t code) {
  return code == 0x7f ? std::int16_t{-1} : mulaw_to_linear(code);
}

constexpr std::uint8_t linear_to_mulaw(std::int16_t sample) {
  const bool negative = sample < 0;
  const int magnitude = std::min(((negative ? ~sample : sample) >> 2) + 33, 0x1fff);
  const int segment = static_cast<int>(std::bit_width(static_cast<unsigned>(magnitude))) - 6;
  const int step = magnitude >> (segment + 1) & 15;  // NOLINT(clang-analyzer-core*): at least 33, so of 6 bits or more
  return static_cast<std::uint8_t>(~((negative ? 0x80 : 0) | segment << 4 | step));
}

constexpr std::int16_t alaw_to_linear(std::uint8_t code) {
  const int bits = code ^ 0x55;  // every other bit is inverted on the line
  const int segment = bits >> 4 & 7;
  const int step = bits & 15;
  const int magnitude = segment == 0 ? 2 * step + 1 : (2 * step + 33) << (segment - 1);
  return static_cast<std::int16_t>((bits & 0x80) != 0 ? 8 * magnitude : -8 * magnitude);
}

constexpr std::uint8_t linear_to_alaw(std::int16_t sample) {
  const bool negative = sample < 0;
  const int magnitude = (negative ? ~sample : sample) >> 4;
  int code = magnitude;
  if (magnitude > 15) {
    const int segment = static_cast<int>(std::bit_width(static_cast<unsigned>(magnitude))) - 4;
    code = segment << 4 | (magnitude >> (segment - 1) & 15);
  }
  return static_cast<std::uint8_t>((code | (negative ? 0 : 0x80)) ^ 0x55);
}

using Expand = std::int16_t (*)(std::uint8_t);
using Compress = std::uint8_t (*)(std::int16_t);

template <Expand expand>
constexpr std::array<std::int16_t, 256> expansion() {
  std::array<std::int16_t, 256> table{};
  for (std::size_t code = 0; code < 256; ++code) table[code] = expand(static_cast<std::uint8_t>(code));
  return table;
}

template <Expand expand>
class Decoder final : public codec::Decoder {
 public:
  std::size_t decode(std::span<const std::uint8_t> payload, std::span<std::int16_t> out) override {
    static constexpr std::array<std::int16_t, 256> kTable = expansion<expand>();
    const std::size_t count = std::min(payload.size(), out.size());
    for (std::size_t i = 0; i < count; ++i) out[i] = kTable[payload[i]];
    return count;
  }
};

template <Compress compress>
class Encoder final : public codec::Encoder {
 public:
  std::size_t encode(std::span<const std::int16_t> pcm, std::span<std::uint8_t> out) override {
    const std::size_t count = std::min(pcm.size(), out.size());
    for (std::size_t i = 0; i < count; ++i) out[i] = compress(pcm[i]);
    return count;
  }
};

template <Expand expand, Compress compress>
class Codec final : public codec::Codec {
 public:
  constexpr Codec(std::string_view name, int payload_type, int preference)
      : name_(name), payload_type_(payload_type), preference_(preference) {}

  std::string_view name() const override { return name_; }
  std::uint32_t sample_rate(std::string_view /*fmtp*/) const override { return 8000; }
  std::uint32_t rtp_clock() const override { return 8000; }
  int static_payload_type() const override { return payload_type_; }
  int preference() const override { return preference_; }
  std::uint32_t duration(std::span<const std::uint8_t> payload) const override {
    return static_cast<std::uint32_t>(payload.size());
  }
  std::unique_ptr<codec::Decoder> make_decoder(std::string_view /*fmtp*/) const override {
    return std::make_unique<Decoder<expand>>();
  }
  std::unique_ptr<codec::Encoder> make_encoder(std::string_view /*fmtp*/) const override {
    return std::make_unique<Encoder<compress>>();
  }

 private:
  std::string_view name_;
  int payload_type_;
  int preference_;
};

}  // namespace codec::g711
