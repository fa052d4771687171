// L16: samples of 16 bits as they are, in network order, RFC 3551 §4.5.11. Clocks 8000-48000 Hz, mono; 44100 Hz in
// stereo too, whose channels are interleaved and mixed down to their mean here.
#include <algorithm>
#include <array>

#include "codec/codec.hpp"
#include "codec/l16/half_band.hpp"

namespace codec::l16 {
namespace {

constexpr std::size_t kMaxPayload =
    1388;  // bytes: what an Ethernet frame holds beside the headers of IPv6, UDP and RTP
constexpr std::chrono::milliseconds kShortest{10};

std::int16_t read(const std::uint8_t* at) { return static_cast<std::int16_t>(at[0] << 8 | at[1]); }

void write(std::uint8_t* at, std::int16_t sample) {
  at[0] = static_cast<std::uint8_t>(sample >> 8 & 0xff);
  at[1] = static_cast<std::uint8_t>(sample & 0xff);
}

template <std::size_t channels>
class Decoder final : public codec::Decoder {
 public:
  std::size_t decode(std::span<const std::uint8_t> payload, std::span<std::int16_t> out) override {
    const std::size_t count = std::min(payload.size() / (2 * channels), out.size());
    for (std::size_t i = 0; i < count; ++i) {
      int sum = 0;
      for (std::size_t c = 0; c < channels; ++c) sum += read(&payload[2 * (channels * i + c)]);
      out[i] = static_cast<std::int16_t>(sum / static_cast<int>(channels));
    }
    return count;
  }
};

template <std::size_t channels>
class Encoder final : public codec::Encoder {
 public:
  std::size_t encode(std::span<const std::int16_t> pcm, std::span<std::uint8_t> out) override {
    const std::size_t count = std::min(pcm.size(), out.size() / (2 * channels));
    for (std::size_t i = 0; i < count * channels; ++i) write(&out[2 * i], pcm[i / channels]);
    return count * 2 * channels;
  }
};

// 20 ms of 11025 Hz are no whole number of samples, those of 22050 Hz are.
class DoublingDecoder final : public codec::Decoder {
 public:
  std::size_t decode(std::span<const std::uint8_t> payload, std::span<std::int16_t> out) override {
    const std::size_t count = std::min(payload.size() / 2, out.size() / 2);
    for (std::size_t i = 0; i < count; ++i) {
      const auto [first, second] = doubler_.next(read(&payload[2 * i]));
      out[2 * i] = first;
      out[2 * i + 1] = second;
    }
    return 2 * count;
  }

 private:
  Doubler doubler_;
};

class HalvingEncoder final : public codec::Encoder {
 public:
  std::size_t encode(std::span<const std::int16_t> pcm, std::span<std::uint8_t> out) override {
    std::size_t written = 0;
    for (const std::int16_t sample : pcm) {
      std::int16_t half = 0;
      if (!halver_.next(sample, half)) continue;
      if (out.size() - written < 2) break;
      write(&out[written], half);
      written += 2;
    }
    return written;
  }

 private:
  Halver halver_;
};

class Codec final : public codec::Codec {
 public:
  constexpr Codec(std::uint32_t clock, int channels, int payload_type)
      : clock_(clock), channels_(channels), payload_type_(payload_type) {}

  std::string_view name() const override { return "L16"; }
  std::uint32_t rtp_clock() const override { return clock_; }
  int channels() const override { return channels_; }
  std::uint32_t sample_rate(std::string_view /*fmtp*/) const override { return is_doubled() ? 2 * clock_ : clock_; }
  int static_payload_type() const override { return payload_type_; }
  int preference() const override { return -1; }
  std::uint32_t duration(std::span<const std::uint8_t> payload) const override {
    return static_cast<std::uint32_t>(payload.size()) / frame_size();
  }
  std::size_t largest_payload() const override { return std::size_t{clock_} * 120 / 1000 * frame_size(); }
  std::chrono::milliseconds packet_time(std::chrono::milliseconds wanted) const override {
    const std::chrono::milliseconds most(kMaxPayload * 1000 / (clock_ * frame_size()));
    return std::max(std::min(wanted, most) / kShortest * kShortest, kShortest);
  }
  std::unique_ptr<codec::Decoder> make_decoder(std::string_view /*fmtp*/) const override {
    if (is_doubled()) return std::make_unique<DoublingDecoder>();
    if (channels_ == 2) return std::make_unique<Decoder<2>>();
    return std::make_unique<Decoder<1>>();
  }
  std::unique_ptr<codec::Encoder> make_encoder(std::string_view /*fmtp*/) const override {
    if (is_doubled()) return std::make_unique<HalvingEncoder>();
    if (channels_ == 2) return std::make_unique<Encoder<2>>();
    return std::make_unique<Encoder<1>>();
  }

 private:
  bool is_doubled() const { return clock_ % 50 != 0; }
  std::uint32_t frame_size() const { return 2 * static_cast<std::uint32_t>(channels_); }  // bytes

  std::uint32_t clock_;
  int channels_;
  int payload_type_;
};

}  // namespace

std::span<const codec::Codec* const> codecs() {
  static const std::array<Codec, 9> instances = {{{8000, 1, -1},
                                                  {11025, 1, -1},
                                                  {16000, 1, -1},
                                                  {22050, 1, -1},
                                                  {24000, 1, -1},
                                                  {32000, 1, -1},
                                                  {44100, 2, 10},
                                                  {44100, 1, 11},
                                                  {48000, 1, -1}}};
  static const auto all = [] {
    std::array<const codec::Codec*, instances.size()> pointers;
    std::ranges::transform(instances, pointers.begin(), [](const Codec& codec) { return &codec; });
    return pointers;
  }();
  return all;
}

}  // namespace codec::l16
