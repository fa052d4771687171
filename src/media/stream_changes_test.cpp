// What a call goes through: other codecs and rates, packet lengths, holds, and clocks that are off.
#include <cmath>
#include <numbers>

#include "media/stream_fixture.hpp"

namespace {

using namespace media::test;
using record::Kind;

class StreamChangesTest : public StreamTest {
 protected:
  struct Heard {
    std::vector<std::int16_t> audio;             // of the last rate
    double seconds = 0;                          // of all rates
    std::array<double, record::kKinds> kinds{};  // seconds
    std::uint32_t rate = 0;
  };
  // What a writer would see. Audio of narrower rates is counted and dropped.
  static void drain(record::Track& track, Heard& heard) {
    std::vector<std::int16_t> block(record::Track::kMaxBlock);
    while (const auto next = track.next(block)) {
      if (next->rate != heard.rate) heard.audio.clear();
      heard.rate = next->rate;
      const double length = static_cast<double>(next->samples) / next->rate;
      heard.seconds += length;
      heard.kinds[static_cast<std::size_t>(next->kind)] += length;
      heard.audio.insert(heard.audio.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(next->samples));
    }
  }
  Heard finish_heard(record::Track& track) {
    Heard heard;
    stream_->finish(now_);
    drain(track, heard);
    return heard;
  }
  static double tone(double seconds) { return 8000 * std::sin(2 * std::numbers::pi * 440 * seconds); }

  // A party that says 440 Hz, packet after packet of 20 ms, in whatever codec is set.
  void say(int packets) {
    for (int i = 0; i < packets; ++i) {
      pass_to(1000 * spoken_ + 20);
      const std::uint32_t rate = codec_->sample_rate(""), clock = codec_->rtp_clock();
      std::vector<std::int16_t> pcm(rate / 50);
      for (std::size_t k = 0; k < pcm.size(); ++k) {
        pcm[k] = static_cast<std::int16_t>(std::lround(tone(spoken_ + static_cast<double>(k) / rate)));
      }
      std::vector<std::uint8_t> payload(1500);
      payload.resize(encoder_->encode(pcm, payload));
      deliver({sequence_++, timestamp_, payload, type_});
      timestamp_ += clock / 50;
      spoken_ += 0.02;
    }
  }
  void change_to(const codec::Codec* codec, std::uint8_t type) {
    ASSERT_NE(codec, nullptr);
    codec_ = codec;
    type_ = type;
    encoder_ = codec->make_encoder("");
    format_.codec = codec;
    format_.payload_type = type;
    format_.also.clear();
    stream_->configure(format_, now_);
  }
  // Of 20 ms windows: how much of their energy is not the tone's, in dB, at most.
  static double worst_residue(const std::vector<std::int16_t>& audio, std::uint32_t rate) {
    double worst = -200;
    const std::size_t size = rate / 50;
    for (std::size_t at = size; at + 2 * size < audio.size(); at += size) {
      double real = 0, imaginary = 0, all = 0;
      // A whole number of half periods is not needed: a least squares fit of sine and cosine.
      double cc = 0, ss = 0, cs = 0;
      for (std::size_t i = 0; i < size; ++i) {
        const double angle = 2 * std::numbers::pi * 440 * static_cast<double>(i) / rate;
        const double c = std::cos(angle), s = std::sin(angle), x = audio[at + i];
        cc += c * c, ss += s * s, cs += c * s;
        real += x * c, imaginary += x * s, all += x * x;
      }
      const double determinant = cc * ss - cs * cs;
      const double a = (real * ss - imaginary * cs) / determinant, b = (imaginary * cc - real * cs) / determinant;
      const double explained = a * real + b * imaginary;
      worst = std::max(worst, 10 * std::log10(std::max(all - explained, 1.0) / std::max(all, 1.0)));
    }
    return worst;
  }

  const codec::Codec* codec_ = codec::find("PCMU", 8000);
  std::unique_ptr<codec::Encoder> encoder_ = codec_->make_encoder("");
  std::uint8_t type_ = 0;
  std::uint16_t sequence_ = 65500;
  std::uint32_t timestamp_ = 0xffffff00;
  double spoken_ = 0;
};

TEST_F(StreamChangesTest, RisesToTheRateOfAWiderCodecWithoutLosingAMoment) {
  auto& track = tap();
  say(100);
  change_to(codec::find("L16", 16000), 97);
  say(100);
  const Heard heard = finish_heard(track);
  EXPECT_EQ(heard.rate, 16000U);
  EXPECT_NEAR(heard.seconds, 4.0, 0.001);
  EXPECT_NEAR(heard.kinds[static_cast<std::size_t>(Kind::received)], 4.0, 0.001);
  EXPECT_LT(worst_residue(heard.audio, 16000), -30) << "no click where the codec changes either";
  // What was said as 16-bit audio is there to the bit.
  int exact = 0;
  for (std::size_t i = 8000; i < heard.audio.size(); ++i) {
    const double second = 4.0 - static_cast<double>(heard.audio.size() - i) / 16000;
    if (heard.audio[i] == std::lround(tone(second))) ++exact;
  }
  EXPECT_EQ(exact, static_cast<int>(heard.audio.size()) - 8000);
}

TEST_F(StreamChangesTest, RisesWhenAPartySwitchesToAWiderCodecWithoutAWord) {
  format_.also = {{8, codec::find("PCMA", 8000), ""}, {97, codec::find("L16", 16000), ""}};
  stream_->configure(format_, now_);
  auto& track = tap();
  say(100);
  EXPECT_EQ(track.rate(), 8000U) << "not before it does";
  codec_ = codec::find("L16", 16000);
  encoder_ = codec_->make_encoder("");
  type_ = 97;
  timestamp_ *= 2;
  say(100);
  const Heard heard = finish_heard(track);
  EXPECT_EQ(heard.rate, 16000U);
  EXPECT_NEAR(heard.seconds, 4.0, 0.001);
  EXPECT_NEAR(heard.kinds[static_cast<std::size_t>(Kind::received)], 4.0, 0.001);
  EXPECT_LT(worst_residue(heard.audio, 16000), -30);
}

TEST_F(StreamChangesTest, AHundredChangesOfCodecLoseNothing) {
  auto& track = tap();
  const std::array<std::pair<const codec::Codec*, std::uint8_t>, 5> codecs = {{{codec::find("PCMA", 8000), 8},
                                                                               {codec::find("G722", 8000), 9},
                                                                               {codec::find("PCMU", 8000), 0},
                                                                               {codec::find("L16", 16000), 97},
                                                                               {codec::find("L16", 8000), 98}}};
  Heard heard;
  for (int change = 0; change < 100; ++change) {
    const auto& [codec, type] = codecs[static_cast<std::size_t>(change) % codecs.size()];
    change_to(codec, type);
    say(25);
    drain(track, heard);
  }
  stream_->finish(now_);
  drain(track, heard);
  EXPECT_EQ(heard.rate, 16000U);
  EXPECT_NEAR(heard.seconds, 50, 0.01);
  EXPECT_NEAR(heard.kinds[static_cast<std::size_t>(Kind::received)], 50, 0.01);
  // Codecs delay by a millisecond or so, which turns the tone's phase where they change; it is no noise.
  for (const std::int16_t sample : heard.audio) ASSERT_LT(std::abs(sample), 10000);
  EXPECT_EQ(stream_->stats().lost, 0U);
  EXPECT_EQ(stream_->stats().malformed, 0U);
}

TEST_F(StreamChangesTest, PacketsOfAnOldFormatAreGoodUntilThePartyHasOurAnswer) {
  auto& track = tap();
  say(50);
  format_.codec = codec::find("PCMA", 8000);
  format_.payload_type = 8;
  format_.also.clear();
  stream_->configure(format_, now_);
  say(10);  // still µ-law
  change_to(codec::find("PCMA", 8000), 8);
  say(50);
  const Heard heard = finish_heard(track);
  EXPECT_NEAR(heard.kinds[static_cast<std::size_t>(Kind::received)], 2.2, 0.001);
  EXPECT_EQ(stream_->stats().malformed, 0U);
}

TEST_F(StreamChangesTest, APayloadTypeThatIsGivenAnotherMeaningSpoilsNothingThatWaits) {
  auto& track = tap();
  change_to(codec::find("L16", 8000), 100);
  say(50);
  change_to(codec::find("PCMU", 8000), 100);
  say(50);
  const Heard heard = finish_heard(track);
  EXPECT_NEAR(heard.kinds[static_cast<std::size_t>(Kind::received)], 2.0, 0.001);
  EXPECT_LT(worst_residue(heard.audio, 8000), -30);
}

TEST_F(StreamChangesTest, OpusRecoversALostPacketOutOfTheNext) {
  const codec::Codec* opus = codec::find("opus", 48000, 2);
  change_to(opus, 96);
  auto& track = tap();
  say(50);
  ++sequence_;
  timestamp_ += 960;
  spoken_ += 0.02;
  say(50);
  const Heard heard = finish_heard(track);
  EXPECT_EQ(heard.rate, 48000U);
  EXPECT_NEAR(heard.seconds, 2.02, 0.001);
  EXPECT_NEAR(heard.kinds[static_cast<std::size_t>(Kind::repaired)], 0.02, 0.0005);
  EXPECT_NEAR(heard.kinds[static_cast<std::size_t>(Kind::received)], 2.0, 0.001);
  // Sound goes on where the packet was: from 1.0 s on, and the encoder's own delay.
  double power = 0;
  for (std::size_t i = 48000 + 480; i < 48000 + 1440; ++i)
    power += static_cast<double>(heard.audio[i]) * heard.audio[i];
  EXPECT_GT(std::sqrt(power / 960), 1000);
}

TEST_F(StreamChangesTest, WhatIsSilentOnHoldIsHeld) {
  auto& track = tap();
  say(50);
  format_.held = true;
  format_.may_receive = false;
  stream_->configure(format_, now_);
  spoken_ += 3;
  timestamp_ += 24000;
  pass(milliseconds(3000));
  format_.held = false;
  format_.may_receive = true;
  stream_->configure(format_, now_);
  say(50);
  const Heard heard = finish_heard(track);
  EXPECT_NEAR(heard.seconds, 5, 0.001);
  EXPECT_NEAR(heard.kinds[static_cast<std::size_t>(Kind::held)], 3, 0.01);
  EXPECT_NEAR(heard.kinds[static_cast<std::size_t>(Kind::received)], 2, 0.001);
}

TEST_F(StreamChangesTest, WhatAPartySaysWhileItMayNotIsDroppedButNotLost) {
  auto& track = tap();
  say(50);
  format_.held = true;
  format_.may_receive = false;
  stream_->configure(format_, now_);
  say(100);
  format_.held = false;
  format_.may_receive = true;
  stream_->configure(format_, now_);
  say(50);
  const Heard heard = finish_heard(track);
  EXPECT_NEAR(heard.kinds[static_cast<std::size_t>(Kind::held)], 2, 0.01);
  EXPECT_NEAR(heard.kinds[static_cast<std::size_t>(Kind::received)], 2, 0.01);
  EXPECT_EQ(track.stats().packets_lost, 0U);
}

TEST_F(StreamChangesTest, PacketLengthsFrom10To120MsMayChangeAtAnyTime) {
  auto& track = tap();
  double at = 0;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 500;
  for (int round = 0; round < 20; ++round) {
    for (const int ms : {10, 20, 30, 40, 60, 80, 100, 120}) {
      at += ms;
      pass_to(at);
      deliver({sequence++, timestamp, std::vector<std::uint8_t>(static_cast<std::size_t>(8 * ms), 0x20)});
      timestamp += static_cast<std::uint32_t>(8 * ms);
    }
  }
  const Heard heard = finish_heard(track);
  EXPECT_NEAR(heard.kinds[static_cast<std::size_t>(Kind::received)], 20 * 0.46, 0.001);
  EXPECT_EQ(count(heard.audio, 0x20), 20 * 460 * 8);
}

// A click each second of the sender's time, by a sender whose clock is off. One hour here; Drift's own test does eight.
TEST_F(StreamChangesTest, ASenderWhoseClockIsOffStaysWhereItIsOnTheWallClock) {
  for (const double ppm : {200.0, -200.0}) {
    make(options());
    stream_->configure(format_, now_);
    const Time begun = now_;
    auto& track = tap();
    Heard heard;
    double worst = 0;
    int clicks = 0;
    std::int64_t offset = 0;  // samples drained before heard.audio
    const auto look = [&] {
      drain(track, heard);
      for (std::size_t i = 0; i + 1 < heard.audio.size(); ++i) {
        if (std::abs(heard.audio[i]) < 6000 || std::abs(heard.audio[i]) < std::abs(heard.audio[i + 1])) continue;
        const double place = static_cast<double>(offset + static_cast<std::int64_t>(i)) / 8000;
        const double said = (clicks + 0.5) / (1 + ppm * 1e-6);
        worst = std::max(worst, std::abs(place - said));
        ++clicks;
        i += 100;
      }
      offset += static_cast<std::int64_t>(heard.audio.size());
      heard.audio.clear();
    };
    for (int n = 0; n < 180000; ++n) {
      const auto end =
          std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>((n + 1) * 0.02 / (1 + ppm * 1e-6)));
      pass(std::chrono::duration_cast<milliseconds>(begun + end - now_));
      auto one = packet(n, 0xff);
      if (n % 50 == 25) one.payload[0] = 0x80;
      const Time real = now_;
      now_ = begun + end;  // arrivals know parts of milliseconds
      deliver(one);
      now_ = real;
      if (n % 500 == 499) look();
    }
    EXPECT_NEAR(clicks, 3600, 2) << ppm;
    EXPECT_LT(worst, 0.010) << ppm;
    EXPECT_EQ(heard.kinds[static_cast<std::size_t>(Kind::repaired)], 0);
    EXPECT_LT(heard.kinds[static_cast<std::size_t>(Kind::silent)], 0.05) << "no gap, no repeat";
    EXPECT_EQ(stream_->stats().resyncs, 0U);
    next_tick_ = now_ + milliseconds(20);
  }
}

}  // namespace
