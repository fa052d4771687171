#include <gtest/gtest.h>

#include "codec/opus/decoder.hpp"
#include "codec/opus/encode_for_test.hpp"

namespace {

using namespace codec::testing;
using codec::opus::Decoder;
using codec::opus::has_redundancy;
using codec::opus::testing::TestEncoder;

std::vector<Bytes> redundant_speech(std::uint32_t rate, std::size_t ms, int channels = 1) {
  TestEncoder encoder(channels, OPUS_APPLICATION_VOIP, 32000 * channels, rate);
  encoder.set(OPUS_SET_INBAND_FEC(1));
  encoder.set(OPUS_SET_PACKET_LOSS_PERC(20));
  encoder.set(OPUS_SET_BANDWIDTH(OPUS_BANDWIDTH_WIDEBAND));
  if (channels == 2) encoder.set(OPUS_SET_FORCE_CHANNELS(2));
  const Samples said = speech(rate);
  const std::size_t length = rate * ms / 1000;
  std::vector<Bytes> packets;
  for (std::size_t at = 0; at + length <= said.size(); at += length) {
    Samples pcm;
    for (std::size_t i = 0; i < length; ++i) pcm.insert(pcm.end(), static_cast<std::size_t>(channels), said[at + i]);
    packets.push_back(encoder.encode(pcm));
  }
  return packets;
}

TEST(OpusLoss, ConcealmentGoesOnWithATone) {
  // Low rates make it SILK, high ones CELT; the gap is asked for in pieces that libopus does not know.
  for (const int bit_rate : {14000, 96000}) {
    for (const std::uint32_t rate : {8000U, 16000U, 48000U}) {
      TestEncoder encoder(1, bit_rate > 50000 ? OPUS_APPLICATION_AUDIO : OPUS_APPLICATION_VOIP, bit_rate, rate);
      const Samples said = tone(400, rate, rate);
      Decoder decoder(rate);
      Samples block(5760);
      const std::size_t length = rate / 50;
      for (std::size_t at = 0; at < 30 * length; at += length) {
        decoder.decode(encoder.encode(std::span(said).subspan(at, length)), block);
      }
      Samples gap(length);
      for (std::size_t at = 0, piece = 1; at < gap.size(); piece = piece * 2 + 3) {
        const std::size_t count = std::min(piece, gap.size() - at);
        ASSERT_EQ(decoder.conceal(std::span(gap).subspan(at, count)), count);
        at += count;
      }
      // CELT goes on, SILK begins to fade.
      EXPECT_GT(amplitude(gap, 400, rate), bit_rate > 50000 ? 7500 : 3500) << bit_rate << " " << rate;
      EXPECT_LT(amplitude(gap, 400, rate), 8500) << bit_rate << " " << rate;
      // Nothing of it jumps: a tone of this amplitude changes by no more than this a sample.
      const double steepest = 8000 * 2 * std::numbers::pi * 400 / rate;
      std::int16_t before = block[length - 1];
      for (const std::int16_t sample : gap) {
        ASSERT_LT(std::abs(sample - before), 2 * steepest + 300) << bit_rate << " " << rate;
        before = sample;
      }
    }
  }
}

TEST(OpusLoss, ConcealmentTakesAnyLength) {
  const auto packets = redundant_speech(48000, 20);
  Decoder decoder(48000);
  Samples out(20000);
  for (const std::size_t count : {1U, 119U, 120U, 121U, 959U, 961U, 5760U, 5761U, 20000U}) {
    decoder.decode(packets[60], out);
    EXPECT_EQ(decoder.conceal(std::span(out).first(count)), count);
  }
  EXPECT_EQ(decoder.conceal({}), 0U);
}

class Redundancy : public ::testing::TestWithParam<std::tuple<std::uint32_t, std::size_t, int>> {};

// Every fifth packet is lost. What the next one carries of it is far nearer to what was lost than what concealment
// makes up.
TEST_P(Redundancy, BringsBackALostPacket) {
  const auto [rate, ms, channels] = GetParam();
  const auto packets = redundant_speech(rate, ms, channels);
  const std::size_t length = rate * ms / 1000;
  Decoder whole(rate), recovering(rate), concealing(rate);
  Samples block(5760), lost, recovered, concealed;
  const auto append = [](Samples& all, std::span<const std::int16_t> more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  std::size_t carried = 0, missing = 0;
  for (std::size_t i = 0; i + 1 < packets.size(); ++i) {
    ASSERT_EQ(whole.decode(packets[i], block), length);
    const bool is_lost = i % 5 == 4;
    if (!is_lost) {
      ASSERT_EQ(recovering.decode(packets[i], block), length);
      ASSERT_EQ(concealing.decode(packets[i], block), length);
      continue;
    }
    ++missing;
    const Samples original(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(length));
    const auto gap = std::span(block).first(length);
    if (recovering.recover(packets[i + 1], gap) == 0) {
      EXPECT_FALSE(has_redundancy(packets[i + 1]));
      recovering.conceal(gap);
      concealing.conceal(gap);
      continue;
    }
    ++carried;
    append(lost, original);
    append(recovered, gap);
    ASSERT_EQ(concealing.conceal(gap), length);
    append(concealed, gap);
  }
  EXPECT_GT(carried, missing / 2);
  const auto error = [&](const Samples& made) {
    double sum = 0, all = 0;
    for (std::size_t i = 0; i < lost.size(); ++i) {
      sum += std::pow(made[i] - lost[i], 2);
      all += std::pow(lost[i], 2);
    }
    return 10 * std::log10(sum / all);  // dB below what was lost
  };
  EXPECT_LT(error(recovered), error(concealed) - 4);
  EXPECT_GT(correlation(lost, recovered), 0.85);
}
INSTANTIATE_TEST_SUITE_P(OfSpeech, Redundancy,
                         ::testing::Values(std::tuple(16000U, 20U, 1), std::tuple(48000U, 20U, 1),
                                           std::tuple(48000U, 40U, 1), std::tuple(48000U, 60U, 1),
                                           std::tuple(48000U, 20U, 2)));

TEST(OpusLoss, RecoversTheEndWhereTheBeginningWasConcealed) {
  const auto packets = redundant_speech(48000, 20);
  std::size_t at = 60;
  while (!has_redundancy(packets[at + 1])) ++at;
  Decoder whole(48000), partly(48000);
  Samples all(960), block(960);
  for (std::size_t i = 0; i < at; ++i) whole.decode(packets[i], block), partly.decode(packets[i], block);
  ASSERT_EQ(whole.recover(packets[at + 1], all), 960U);
  Samples end(300);
  ASSERT_EQ(partly.recover(packets[at + 1], end), 300U);
  EXPECT_TRUE(std::equal(end.begin(), end.end(), all.end() - 300));
  // And of two lost packets the second comes back, the first is concealed.
  Decoder two(48000);
  for (std::size_t i = 0; i + 1 < at; ++i) two.decode(packets[i], block);
  Samples both(1920);
  ASSERT_EQ(two.recover(packets[at + 1], both), 1920U);
  EXPECT_GT(correlation(std::span(both).last(960), all), 0.9);
}

TEST(OpusLoss, APacketWithoutRedundancyRecoversNothing) {
  for (const int application : {OPUS_APPLICATION_VOIP, OPUS_APPLICATION_RESTRICTED_LOWDELAY}) {
    TestEncoder encoder(1, application, 32000);
    const Samples said = speech(48000);
    Decoder decoder(48000);
    Samples block(960);
    for (std::size_t at = 48000; at < 96000; at += 960) {
      const Bytes packet = encoder.encode(std::span(said).subspan(at, 960));
      EXPECT_FALSE(has_redundancy(packet));
      EXPECT_EQ(decoder.recover(packet, block), 0U);
      decoder.decode(packet, block);
    }
  }
}

}  // namespace
