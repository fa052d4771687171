// What a stream records: its timeline, losses, jitter, sources and commands.
#include <cmath>

#include "media/stream_fixture.hpp"

namespace {

using namespace media::test;

TEST_F(StreamTest, RecordsEverySampleAcrossTheWrapOfSequenceAndTimestamp) {
  auto& track = tap();
  for (int n = 0; n < 50; ++n) {
    pass_to(25 + 20 * n);
    deliver(packet(n, static_cast<std::uint8_t>(0x20 + n)));
  }
  const auto audio = finish(track);
  ASSERT_GE(audio.size(), 8000U);
  for (int n = 0; n < 50; ++n) {
    const auto code = static_cast<std::uint8_t>(0x20 + n);
    EXPECT_EQ(count(audio, code), 160) << n;
    EXPECT_EQ(first(audio, code), 40 + 160 * n) << "a packet ends where it arrived";
  }
  EXPECT_EQ(track.stats().packets_received, 50U);
  EXPECT_EQ(track.stats().packets_lost, 0U);
  EXPECT_EQ(track.stats().silent_samples, 40U);
  EXPECT_EQ(track.reason(), EndReason::hangup);
}

TEST_F(StreamTest, TakesPacketsOfAnyLength) {
  for (const int ms : {10, 20, 30, 40, 60}) {
    SCOPED_TRACE(ms);
    make(options());
    stream_->configure(format_, now_);
    const Time begin = now_;
    auto& track = tap();
    const int packets = 1200 / ms;
    for (int n = 0; n < packets; ++n) {
      pass(begin + milliseconds(ms * (n + 1)) - now_ > milliseconds(0)
               ? std::chrono::duration_cast<milliseconds>(begin + milliseconds(ms * (n + 1)) - now_)
               : milliseconds(0));
      deliver(packet(n, static_cast<std::uint8_t>(n % 100), 8 * ms));
    }
    const auto audio = finish(track);
    ASSERT_EQ(audio.size(), 9600U);
    for (int i = 0; i < 9600; ++i) {
      ASSERT_EQ(audio[static_cast<std::size_t>(i)], value(static_cast<std::uint8_t>(i / (8 * ms) % 100))) << i;
    }
    EXPECT_EQ(track.stats().silent_samples + track.stats().repaired_samples, 0U);
  }
}

TEST_F(StreamTest, TakesAChangeOfPacketLengthAndOddLengths) {
  auto& track = tap();
  std::uint32_t timestamp = 1000;
  std::uint16_t sequence = 5;
  int total = 0;
  for (const int samples : {160, 240, 80, 133, 480, 7, 1, 320, 160}) {
    total += samples;
    pass_to(total / 8.0 + 1);
    deliver({sequence++, timestamp, std::vector<std::uint8_t>(static_cast<std::size_t>(samples), 0x30)});
    timestamp += static_cast<std::uint32_t>(samples);
  }
  const auto audio = finish(track);
  EXPECT_EQ(count(audio, 0x30), total);
  EXPECT_NEAR(first(audio, 0x30), 8, 8) << "the clock of the test has milliseconds";
  EXPECT_EQ(track.stats().repaired_samples, 0U);
}

TEST_F(StreamTest, PutsReorderedPacketsBackAndDropsDuplicates) {
  auto& track = tap();
  const std::vector<int> order = {0, 2, 1, 1, 3, 6, 5, 4, 4, 7, 9, 8, 10, 10};
  int newest = 0;
  for (const int n : order) {
    newest = std::max(newest, n);
    pass_to(20 + 20 * newest);
    deliver(packet(n, static_cast<std::uint8_t>(0x20 + n)));
  }
  pass(milliseconds(300));
  const auto audio = finish(track);
  for (int n = 0; n <= 10; ++n) {
    EXPECT_EQ(first(audio, static_cast<std::uint8_t>(0x20 + n)), 160 * n);
    EXPECT_EQ(count(audio, static_cast<std::uint8_t>(0x20 + n)), 160);
  }
  EXPECT_EQ(track.stats().packets_duplicate, 3U);
  EXPECT_EQ(track.stats().duplicate_samples, 480U);
  EXPECT_EQ(track.stats().packets_lost, 0U);
  EXPECT_EQ(stream_->stats().duplicate, 3U);
}

TEST_F(StreamTest, LosesNothingToJitterWithinTheDepth) {
  auto& track = tap();
  // Every packet up to 150 ms late, by a fixed pattern.
  std::vector<std::pair<double, int>> arrivals;
  for (int n = 0; n < 200; ++n) arrivals.emplace_back(20 + 20 * n + (n == 0 ? 0 : n * 37 % 151), n);
  std::sort(arrivals.begin(), arrivals.end());
  for (const auto& [at, n] : arrivals) {
    pass_to(at);
    deliver(packet(n, static_cast<std::uint8_t>(n % 90)));
  }
  pass_to(4600);
  const auto audio = finish(track);
  for (int i = 0; i < 200 * 160; ++i) {
    ASSERT_EQ(audio[static_cast<std::size_t>(i)], value(static_cast<std::uint8_t>(i / 160 % 90))) << i;
  }
  EXPECT_EQ(track.stats().packets_lost, 0U);
  EXPECT_EQ(stream_->stats().resyncs, 0U);
}

TEST_F(StreamTest, ConcealsSixtyMillisecondsOfLossAndIsSilentAfter) {
  auto& track = tap();
  for (int n = 0; n < 40; ++n) {
    pass_to(20 + 20 * n);
    if (n >= 20 && n < 28) continue;
    auto one = packet(n);
    for (std::size_t i = 0; i < 160; ++i) {
      const double t = (n * 160 + static_cast<double>(i)) / 8000;
      one.payload[i] = codec::g711::linear_to_mulaw(static_cast<std::int16_t>(10000 * std::sin(2 * M_PI * 200 * t)));
    }
    deliver(one);
  }
  const auto audio = finish(track);
  ASSERT_EQ(audio.size(), 6400U);
  const auto power = [&](std::size_t from, std::size_t to) {
    double sum = 0;
    for (std::size_t i = from; i < to; ++i) sum += static_cast<double>(audio[i]) * audio[i];
    return std::sqrt(sum / static_cast<double>(to - from));
  };
  EXPECT_GT(power(3200, 3200 + 80), 4000) << "goes on where it was";
  EXPECT_EQ(power(3200 + 480, 4480), 0);
  EXPECT_GT(power(4520, 6400), 6000) << "back at once";
  EXPECT_EQ(track.stats().packets_lost, 8U);
  EXPECT_EQ(track.stats().repaired_samples, 480U);
  EXPECT_EQ(track.stats().lost_samples, 800U);
  EXPECT_EQ(track.stats().silent_samples, 0U);
  EXPECT_EQ(stream_->stats().lost, 8U);
}

TEST_F(StreamTest, IsSilentWhereThePartySuppressesSilence) {
  auto& track = tap();
  for (int n = 0; n < 10; ++n) {
    pass_to(20 + 20 * n);
    deliver(packet(n));
  }
  pass_to(20 + 20 * 60);
  auto later = packet(60, 0x21);
  later.sequence = packet(10).sequence;  // no number is missing
  later.marker = true;
  deliver(later);
  const auto audio = finish(track);
  EXPECT_EQ(count(audio, 0x20), 1600);
  EXPECT_EQ(first(audio, 0x21), 60 * 160);
  EXPECT_EQ(track.stats().packets_lost, 0U);
  EXPECT_EQ(track.stats().repaired_samples, 0U);
  EXPECT_EQ(track.stats().silent_samples, 50U * 160U);
}

TEST_F(StreamTest, GoesOnByTheClockWhenNothingComes) {
  auto& track = tap();
  pass(milliseconds(3000));
  const auto audio = finish(track);
  EXPECT_EQ(audio.size(), 24000U);
  EXPECT_EQ(std::count(audio.begin(), audio.end(), 0), 24000);
  EXPECT_TRUE(track.stats().no_media_at_start);
  ASSERT_EQ(events<media::TapUnheard>().size(), 1U);
  EXPECT_EQ(events<media::TapUnheard>()[0].tap, 1U);
}

TEST_F(StreamTest, PlacesTheFirstPacketWhereItArrivedHoweverLateItComes) {
  auto& track = tap();
  pass_to(1500);
  for (int n = 0; n < 5; ++n) {
    deliver(packet(n));
    pass(milliseconds(20));
  }
  pass(milliseconds(500));
  const auto audio = finish(track);
  EXPECT_EQ(first(audio, 0x20), 1500 * 8 - 160);
  EXPECT_EQ(count(audio, 0x20), 800);
}

TEST_F(StreamTest, FollowsAChangeOfSourceWithoutLosingAPacket) {
  auto& track = tap();
  for (int n = 0; n < 10; ++n) {
    pass_to(20 + 20 * n);
    deliver(packet(n));
  }
  for (int n = 0; n < 10; ++n) {
    pass_to(220 + 20 * n);
    Packet other = packet(n, 0x40);
    other.ssrc = 8;
    other.sequence = static_cast<std::uint16_t>(300 + n);
    other.timestamp = 77777 + static_cast<std::uint32_t>(160 * n);
    deliver(other);
  }
  const auto audio = finish(track);
  EXPECT_EQ(count(audio, 0x20), 1600);
  EXPECT_EQ(count(audio, 0x40), 1600);
  EXPECT_EQ(first(audio, 0x40), 1600);
  EXPECT_EQ(track.stats().packets_lost, 0U);
  EXPECT_EQ(stream_->stats().resyncs, 1U);
}

TEST_F(StreamTest, AnchorsAnewWhenTimestampsJump) {
  for (const std::int32_t jump : {8000 * 600, -8000 * 600}) {
    SCOPED_TRACE(jump);
    make(options());
    stream_->configure(format_, now_);
    auto& track = tap();
    for (int n = 0; n < 40; ++n) {
      pass(milliseconds(20));
      auto one = packet(n, n < 20 ? 0x20 : 0x21);
      if (n >= 20) one.timestamp += static_cast<std::uint32_t>(jump);
      deliver(one);
    }
    const auto audio = finish(track);
    EXPECT_EQ(count(audio, 0x20), 3200);
    EXPECT_EQ(count(audio, 0x21), 3200) << "a jump back is seen at once, too";
    EXPECT_EQ(stream_->stats().resyncs, 1U);
  }
}

TEST_F(StreamTest, KeepsTheOnsetOfATalkspurtWhoseTimestampsDidNotCountThePause) {
  auto& track = tap();
  for (int n = 0; n < 10; ++n) {
    pass_to(20 + 20 * n);
    deliver(packet(n));
  }
  for (int n = 10; n < 20; ++n) {
    pass_to(2020 + 20 * (n - 10));
    auto one = packet(n, 0x21);
    one.marker = n == 10;
    deliver(one);
  }
  const auto audio = finish(track);
  EXPECT_EQ(count(audio, 0x21), 1600);
  EXPECT_EQ(first(audio, 0x21), 2000 * 8);
}

TEST_F(StreamTest, DropsWhatComesLaterThanItsTime) {
  auto& track = tap();
  for (int n = 0; n < 40; ++n) {
    pass_to(20 + 20 * n);
    if (n != 10) deliver(packet(n));
    if (n == 35) deliver(packet(10, 0x55));
  }
  const auto audio = finish(track);
  EXPECT_EQ(count(audio, 0x55), 0);
  EXPECT_EQ(track.stats().packets_late, 1U);
  EXPECT_EQ(track.stats().packets_lost, 1U);
  EXPECT_EQ(audio.size(), 6400U);
}

TEST_F(StreamTest, BridgesAStallOfTheNetworkWithinTheDepthWithoutLoss) {
  auto& track = tap();
  for (int n = 0; n < 10; ++n) {
    pass_to(20 + 20 * n);
    deliver(packet(n, static_cast<std::uint8_t>(0x20 + n)));
  }
  pass_to(390);  // 180 ms of nothing, then all at once
  for (int n = 10; n < 19; ++n) deliver(packet(n, static_cast<std::uint8_t>(0x20 + n)));
  for (int n = 19; n < 30; ++n) {
    pass_to(20 + 20 * n);
    deliver(packet(n, static_cast<std::uint8_t>(0x20 + n)));
  }
  const auto audio = finish(track);
  for (int n = 0; n < 30; ++n) EXPECT_EQ(first(audio, static_cast<std::uint8_t>(0x20 + n)), 160 * n);
  EXPECT_EQ(stream_->stats().resyncs, 0U);
}

TEST_F(StreamTest, TreatsABacklogReadAtOnceAsItCameIfItsArrivalsAreKnown) {
  auto& track = tap();
  // The worker stood still for five seconds; the kernel kept the packets and their arrivals.
  for (int n = 0; n < 250; ++n) {
    now_ = kStart + milliseconds(20 + 20 * n);
    deliver(packet(n, static_cast<std::uint8_t>(n % 100)));
  }
  next_tick_ = now_ + milliseconds(20);
  const auto audio = finish(track);
  ASSERT_EQ(audio.size(), 40000U);
  for (std::size_t i = 0; i < audio.size(); ++i) {
    ASSERT_EQ(audio[i], value(static_cast<std::uint8_t>(i / 160 % 100))) << i;
  }
}

TEST_F(StreamTest, TellsEachDigitOnceAndKeepsTheTimelineDuringIt) {
  auto& track = tap();
  int sequence = 0;
  const auto audio_packet = [&](int n) {
    auto one = packet(n);
    one.sequence = static_cast<std::uint16_t>(sequence++);
    return one;
  };
  for (int n = 0; n < 10; ++n) {
    pass_to(20 + 20 * n);
    deliver(audio_packet(n));
  }
  for (int n = 0; n < 8; ++n) {  // 100 ms of event, the end three times
    pass_to(220 + 20 * n);
    const auto duration = static_cast<std::uint16_t>(std::min(160 * (n + 1), 800));
    Packet event{static_cast<std::uint16_t>(sequence++),
                 packet(10).timestamp,
                 {5, static_cast<std::uint8_t>(n >= 5 ? 0x8a : 0x0a), static_cast<std::uint8_t>(duration >> 8),
                  static_cast<std::uint8_t>(duration)}};
    event.type = 101;
    deliver(event);
  }
  for (int n = 18; n < 30; ++n) {
    pass_to(20 + 20 * n);
    deliver(audio_packet(n));
  }
  const auto audio = finish(track);
  ASSERT_EQ(events<media::Digit>().size(), 1U);
  EXPECT_EQ(events<media::Digit>()[0].digit, '5');
  EXPECT_EQ(events<media::Digit>()[0].duration, milliseconds(100));
  EXPECT_EQ(audio.size(), 4800U);
  EXPECT_EQ(count(audio, 0x20), 22 * 160);
  for (std::size_t i = 1600; i < 18 * 160; ++i) ASSERT_EQ(audio[i], 0);
  EXPECT_EQ(audio[18 * 160], value(0x20));
  EXPECT_EQ(track.stats().repaired_samples, 0U);
}

TEST_F(StreamTest, ComfortNoiseFillsTheSilenceThatAPartySuppresses) {
  auto& track = tap();
  for (int n = 0; n < 20; ++n) {
    pass_to(20 + 20 * n);
    auto one = packet(n);
    if (n >= 5 && n < 15) one.type = 13, one.payload = {40};
    deliver(one);
  }
  const auto audio = finish(track);
  EXPECT_EQ(count(audio, 0x20), 1600);
  double power = 0;
  for (std::size_t i = 1200; i < 2400; ++i) power += static_cast<double>(audio[i]) * audio[i] / 1200;
  EXPECT_NEAR(10 * std::log10(power / 32768 / 32768), -40, 1.5) << "at the level that it said, -dBov";
  EXPECT_EQ(track.stats().noise_samples, 1600U);
  EXPECT_EQ(track.stats().repaired_samples, 0U);
  EXPECT_EQ(track.stats().packets_lost, 0U);
}

TEST_F(StreamTest, CutsAtTheSampleThatArrivesWhenACommandIsGiven) {
  pass_to(103);
  auto& track = tap();
  pass_to(203);
  stream_->pause_tap(1, now_);
  stream_->pause_tap(1, now_);
  pass_to(311);
  stream_->resume_tap(1, now_);
  pass_to(408);
  stream_->stop_tap(1, EndReason::stop, now_);
  pass(milliseconds(180));
  EXPECT_TRUE(events<media::TapEnded>().empty()) << "late packets are waited for";
  pass(milliseconds(60));
  ASSERT_EQ(events<media::TapEnded>().size(), 1U);
  const auto audio = take(track);
  EXPECT_EQ(audio.size(), (100U + 97U) * 8U);
  EXPECT_EQ(track.stats().paused_samples, 108U * 8U);
  EXPECT_EQ(track.reason(), EndReason::stop);
}

TEST_F(StreamTest, SeveralTapsDoNotKnowOfEachOther) {
  record::Settings shorter;
  shorter.max_duration = milliseconds(200);
  record::Settings stereo;
  stereo.mix = false;
  auto& one = tap(shorter, 1);
  pass_to(50);
  auto& two = tap(stereo, 2);
  pass_to(100);
  stream_->pause_tap(2, now_);
  pass_to(1000);
  EXPECT_EQ(take(one).size(), 1600U);
  EXPECT_EQ(finish(two).size(), 2U * 400U);
  ASSERT_EQ(events<media::TapEnded>().size(), 2U);
  EXPECT_EQ(events<media::TapEnded>()[0].reason, EndReason::max_duration);
  EXPECT_EQ(events<media::TapEnded>()[1].reason, EndReason::hangup);
}

TEST_F(StreamTest, ATapAddedBeforeTheFirstConfigurationBeginsWithIt) {
  make(options());
  auto& track = tap();
  now_ += milliseconds(500);
  next_tick_ = now_ + milliseconds(20);
  stream_->configure(format_, now_);
  pass(milliseconds(1000));
  EXPECT_EQ(finish(track).size(), 8000U);
}

TEST_F(StreamTest, ATapThatWasNeverConfiguredStillGetsItsEnd) {
  make(options());
  auto& track = tap();
  EXPECT_TRUE(finish(track).empty());
  EXPECT_TRUE(track.ended());
  EXPECT_EQ(events<media::TapEnded>().size(), 1U);
}

TEST_F(StreamTest, AReconfigurationKeepsTheTimelineAndWhatIsBuffered) {
  auto& track = tap();
  for (int n = 0; n < 20; ++n) {
    pass_to(20 + 20 * n);
    auto one = packet(n);
    if (n >= 10) one.type = 8, one.payload.assign(160, 0x11);
    deliver(one);
    if (n == 10) {
      format_.codec = codec::find("PCMA", 8000);
      format_.payload_type = 8;
      format_.also = {};
      format_.relearn_source = false;
      stream_->configure(format_, now_);
    }
  }
  const auto audio = finish(track);
  EXPECT_EQ(audio.size(), 3200U);
  EXPECT_EQ(count(audio, 0x20), 1600);
  EXPECT_EQ(std::count(audio.begin(), audio.end(), codec::g711::alaw_to_linear(0x11)), 1600);
}

TEST_F(StreamTest, ConcealsAGapOfAFewSamples) {
  auto& track = tap();
  // 1 to 9 samples are missing before each packet.
  std::uint32_t timestamp = 0;
  for (int n = 0; n < 10; ++n) {
    pass_to(20 + 20 * n);
    auto one = packet(2 * n);
    timestamp += static_cast<std::uint32_t>(n);
    one.timestamp = timestamp;
    timestamp += 160;
    deliver(one);
  }
  pass(milliseconds(300));
  finish(track);
  EXPECT_EQ(track.stats().packets_lost, 9U);
  EXPECT_EQ(track.stats().repaired_samples, 45U);
}

TEST_F(StreamTest, AnOutageLongerThanTheDepthIsSilenceToItsEnd) {
  auto& track = tap();
  for (int n = 0; n < 60; ++n) {
    pass_to(20 + 20 * n);
    if (n < 20 || n >= 40) deliver(packet(n));
  }
  const auto audio = finish(track);
  EXPECT_EQ(audio.size(), 9600U);
  EXPECT_EQ(track.stats().repaired_samples, 0U);
  EXPECT_EQ(track.stats().lost_samples, 3200U) << "known afterwards";
  EXPECT_EQ(track.stats().silent_samples, 0U);
  EXPECT_EQ(track.stats().packets_lost, 20U);
}

}  // namespace
