#include "codec/codec.hpp"

#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

#include "codec/comfort_noise.hpp"

namespace base::testing {
long allocations();  // allocations_test.cpp
}

namespace {

using namespace codec;
using base::testing::allocations;
using std::chrono::milliseconds;

std::string title(const Codec& codec) {
  return std::string(codec.name()) + "/" + std::to_string(codec.rtp_clock()) + "/" + std::to_string(codec.channels());
}

// 20 ms of it, or what it takes.
std::vector<std::uint8_t> packet_of(const Codec& codec, Encoder& encoder, std::size_t room = 4000) {
  const auto length = codec.packet_time(milliseconds(20));
  std::vector<std::int16_t> pcm(codec.sample_rate({}) * static_cast<std::size_t>(length.count()) / 1000);
  for (std::size_t i = 0; i < pcm.size(); ++i) pcm[i] = static_cast<std::int16_t>(i % 64 * 300);
  std::vector<std::uint8_t> packet(room);
  packet.resize(encoder.encode(pcm, packet));
  return packet;
}

TEST(Codecs, AreFoundByNameClockAndChannelsWhateverTheCase) {
  const Codec* mulaw = find("pcmu", 8000);
  ASSERT_NE(mulaw, nullptr);
  EXPECT_EQ(mulaw->name(), "PCMU");
  EXPECT_EQ(mulaw->static_payload_type(), 0);
  const Codec* alaw = find("PCMA", 8000);
  ASSERT_NE(alaw, nullptr);
  EXPECT_EQ(alaw->static_payload_type(), 8);
  EXPECT_EQ(find("PCMU", 16000), nullptr);
  EXPECT_EQ(find("PCM", 8000), nullptr);
  EXPECT_EQ(find("", 8000), nullptr);
  EXPECT_EQ(find("PCMU", 8000, 2), nullptr);
}

TEST(Codecs, HaveEachAnIdentityAndARateOfWholeFrames) {
  std::set<std::string> titles;
  std::set<int> payload_types;
  for (const Codec* codec : codecs()) {
    EXPECT_TRUE(titles.insert(title(*codec)).second) << title(*codec);
    if (codec->static_payload_type() >= 0) {
      EXPECT_TRUE(payload_types.insert(codec->static_payload_type()).second) << title(*codec);
    }
    EXPECT_EQ(codec->sample_rate({}) % 50, 0U) << title(*codec);
    EXPECT_LE(codec->sample_rate({}), 48000U) << title(*codec);
  }
}

TEST(Codecs, GiveAsManySamplesAsTheDurationSays) {
  for (const Codec* codec : codecs()) {
    const auto packet = packet_of(*codec, *codec->make_encoder({}));
    const std::uint32_t ticks = codec->duration(packet);
    std::vector<std::int16_t> out(6000);
    const std::size_t samples = codec->make_decoder({})->decode(packet, out);
    EXPECT_GE(ticks, codec->rtp_clock() / 102) << title(*codec);  // 10 ms but for an odd sample
    EXPECT_EQ(samples, std::uint64_t{ticks} * codec->sample_rate({}) / codec->rtp_clock()) << title(*codec);
  }
}

TEST(Codecs, DecodeNeverWritesMoreThanThereIsRoomFor) {
  for (const Codec* codec : codecs()) {
    const auto packet = packet_of(*codec, *codec->make_encoder({}));
    for (const std::size_t room : {0U, 1U, 7U, 50U, 79U}) {
      std::vector<std::int16_t> out(room + 100, 0x5555);
      const auto decoder = codec->make_decoder({});
      EXPECT_LE(decoder->decode(packet, std::span(out).first(room)), room) << title(*codec);
      EXPECT_LE(decoder->conceal(std::span(out).first(room)), room) << title(*codec);
      EXPECT_LE(decoder->recover(packet, std::span(out).first(room)), room) << title(*codec);
      for (std::size_t i = room; i < out.size(); ++i) ASSERT_EQ(out[i], 0x5555) << title(*codec);
    }
  }
}

TEST(Codecs, EncodeNeverWritesMoreThanThereIsRoomFor) {
  for (const Codec* codec : codecs()) {
    for (const std::size_t room : {0U, 1U, 20U, 40U}) {
      EXPECT_LE(packet_of(*codec, *codec->make_encoder({}), room).size(), room) << title(*codec);
    }
  }
}

TEST(Codecs, MakeNothingOfNothing) {
  for (const Codec* codec : codecs()) {
    std::vector<std::int16_t> out(960);
    EXPECT_EQ(codec->duration({}), 0U) << title(*codec);
    EXPECT_EQ(codec->make_decoder({})->decode({}, out), 0U) << title(*codec);
    EXPECT_EQ(codec->make_decoder({})->recover({}, out), 0U) << title(*codec);
  }
}

TEST(Codecs, NeverAllocateOnceMade) {
  const long none = allocations();
  const std::vector<int> one(1000);
  ASSERT_GT(allocations(), none) << "they are counted";
  for (const Codec* codec : codecs()) {
    const auto encoder = codec->make_encoder({});
    const auto packet = packet_of(*codec, *encoder);
    const auto decoder = codec->make_decoder({});
    std::vector<std::int16_t> out(5760);
    std::vector<std::uint8_t> encoded(4000);
    const long before = allocations();
    for (int i = 0; i < 3; ++i) {
      decoder->decode(packet, out);
      decoder->conceal(std::span(out).first(333));
      decoder->recover(packet, std::span(out).first(960));
      encoder->encode(std::span(out).first(codec->sample_rate({}) / 50), encoded);
    }
    EXPECT_EQ(allocations(), before) << title(*codec);
  }
  ComfortNoise noise(8000);
  std::vector<std::int16_t> out(960);
  const std::vector<std::uint8_t> payload = {40, 100, 150};
  const long before = allocations();
  noise.set(payload);
  noise.render(out);
  EXPECT_EQ(allocations(), before);
}

}  // namespace
