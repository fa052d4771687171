#pragma once
// For tests: libopus's encoder with whatever settings, packets out of Ogg, packets put together.

#include <array>
#include <gtest/gtest.h>
#include <memory>
#include <opus.h>
#include <span>
#include <vector>

#include "codec/signals_for_test.hpp"

namespace codec::opus::testing {

using codec::testing::Bytes;
using codec::testing::Samples;

class TestEncoder {
 public:
  TestEncoder(int channels, int application, int bit_rate, std::uint32_t rate = 48000) : channels_(channels) {
    int error = OPUS_OK;
    state_.reset(opus_encoder_create(static_cast<opus_int32>(rate), channels, application, &error));
    EXPECT_EQ(error, OPUS_OK);
    set(OPUS_SET_BITRATE(bit_rate));
  }
  void set(int request, int value) { EXPECT_EQ(opus_encoder_ctl(state_.get(), request, value), OPUS_OK) << request; }
  // Interleaved.
  Bytes encode(std::span<const std::int16_t> pcm) {
    Bytes packet(4000);
    const int size = opus_encode(state_.get(), pcm.data(), static_cast<int>(pcm.size()) / channels_, packet.data(),
                                 static_cast<opus_int32>(packet.size()));
    EXPECT_GT(size, 0);
    packet.resize(static_cast<std::size_t>(std::max(size, 0)));
    return packet;
  }

 private:
  struct Destroy {
    void operator()(OpusEncoder* state) const { opus_encoder_destroy(state); }
  };
  int channels_;
  std::unique_ptr<OpusEncoder, Destroy> state_;
};

inline Bytes join(std::span<const Bytes> packets) {
  OpusRepacketizer* repacketizer = opus_repacketizer_create();
  for (const Bytes& packet : packets) {
    EXPECT_EQ(opus_repacketizer_cat(repacketizer, packet.data(), static_cast<opus_int32>(packet.size())), OPUS_OK);
  }
  Bytes joined(8000);
  const int size = opus_repacketizer_out(repacketizer, joined.data(), static_cast<opus_int32>(joined.size()));
  EXPECT_GT(size, 0);
  joined.resize(static_cast<std::size_t>(std::max(size, 0)));
  opus_repacketizer_destroy(repacketizer);
  return joined;
}

// RFC 3533 §6, one logical stream; the two header packets of RFC 7845 are left out.
inline std::vector<Bytes> ogg_packets(std::span<const std::uint8_t> file) {
  std::vector<Bytes> packets;
  Bytes open;
  while (file.size() >= 27 && std::equal(file.begin(), file.begin() + 4, "OggS")) {
    const std::size_t segments = file[26];
    const auto lacing = file.subspan(27, segments);
    std::size_t at = 27 + segments;
    for (const std::uint8_t size : lacing) {
      open.insert(open.end(), file.begin() + static_cast<std::ptrdiff_t>(at),
                  file.begin() + static_cast<std::ptrdiff_t>(at + size));
      at += size;
      if (size < 255) packets.push_back(std::exchange(open, {}));
    }
    file = file.subspan(at);
  }
  packets.erase(packets.begin(), packets.begin() + std::min<std::ptrdiff_t>(2, std::ssize(packets)));
  return packets;
}

}  // namespace codec::opus::testing
