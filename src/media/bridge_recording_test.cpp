// Recordings of conferences: everyone is in them, as well as each would be recorded alone, from join to leave.
#include "media/conference_fixture.hpp"

namespace {

using namespace media::test;
using media::Bridge;
using record::EndReason;
using record::Kind;

class BridgeRecordingTest : public ConferenceTest {
 protected:
  Audio stopped(Bridge& mixer, record::Track& track, media::TapId id = 1) {
    mixer.stop_tap(id, EndReason::stop, now_);
    pass(milliseconds(600));
    const Audio audio = take(track);
    EXPECT_TRUE(track.ended());
    return audio;
  }
};

TEST_F(BridgeRecordingTest, HoldsEveryoneAndLastsExactlyAsLongAsItRan) {
  Bridge& mixer = bridge();
  Party& a = party("PCMU", 8000, 500);
  Party& b = party("PCMA", 8000, 1300);
  Party& c = party("L16", 8000, 900);
  for (Party* one : {&a, &b, &c}) join(*one, mixer);
  pass(milliseconds(330));
  auto& track = tap(mixer);
  pass(milliseconds(2345));
  const Audio audio = stopped(mixer, track);
  EXPECT_EQ(audio.size(), 2345U * 8);
  for (const double tone : {500, 900, 1300}) EXPECT_NEAR(level(audio, 8000, tone, 0, 2.3), 8000, 500) << tone;
  EXPECT_NEAR(static_cast<double>(track.stats().packets_received), 3 * 118, 12);
}

TEST_F(BridgeRecordingTest, ASoleMemberIsRecordedAsOnItsOwnToTheSample) {
  Bridge& mixer = bridge();
  Party& a = party("PCMU", 8000, 500);
  join(a, mixer);
  record::Settings send;
  send.direction = record::Direction::send;
  auto& own = tap(a.stream, send);
  auto& all = tap(mixer);
  pass(milliseconds(3000));
  a.stream.stop_tap(1, EndReason::stop, now_);
  const Audio in_conference = stopped(mixer, all, 2);
  EXPECT_EQ(in_conference, take(own));
}

TEST_F(BridgeRecordingTest, ComesAndGoesAThousandTimes) {
  Bridge& mixer = bridge();
  Party& stays = party("PCMU", 8000, 500);
  Party& b = party("PCMU", 8000, 1300);
  Party& c = party("G722", 8000, 2200);
  join(stays, mixer);
  join(c, mixer);
  pass(milliseconds(300));
  auto& track = tap(mixer);
  Audio audio;
  for (int i = 0; i < 500; ++i) {
    join(b, mixer);
    switchboard_.unjoin(c.stream, mixer, now_);
    pass(milliseconds(60));
    switchboard_.unjoin(b.stream, mixer, now_);
    join(c, mixer);
    pass(milliseconds(40));
    const Audio more = take(track);
    audio.insert(audio.end(), more.begin(), more.end());
  }
  const Audio rest = stopped(mixer, track);
  audio.insert(audio.end(), rest.begin(), rest.end());
  ASSERT_EQ(audio.size(), 500U * 1600);
  // Each in its own stretch, to the sample; the edges are spared by the resampler's reach.
  const auto rms = [&](std::size_t begin, std::size_t end, double tone) {
    const Audio part(audio.begin() + static_cast<std::ptrdiff_t>(begin),
                     audio.begin() + static_cast<std::ptrdiff_t>(end));
    double real = 0, imaginary = 0;
    for (std::size_t i = 0; i < part.size(); ++i) {
      real += part[i] * std::cos(2 * std::numbers::pi * tone * static_cast<double>(i) / 16000);
      imaginary += part[i] * std::sin(2 * std::numbers::pi * tone * static_cast<double>(i) / 16000);
    }
    return 2 * std::hypot(real, imaginary) / static_cast<double>(part.size());
  };
  for (std::size_t i = 0; i < 500; ++i) {
    const std::size_t begin = i * 1600;
    ASSERT_NEAR(rms(begin, begin + 1600, 500), 8000, 400) << i;
    ASSERT_NEAR(rms(begin + 160, begin + 800, 1300), 8000, 400) << i;
    ASSERT_NEAR(rms(begin + 1120, begin + 1440, 2200), 8000, 500) << i;
    ASSERT_LT(rms(begin + 160, begin + 800, 2200), 400) << i;
    ASSERT_LT(rms(begin + 1120, begin + 1440, 1300), 400) << i;
  }
}

TEST_F(BridgeRecordingTest, LatePacketsAreInItThoughNobodyHeardThemInTime) {
  Bridge& mixer = bridge();
  Party& a = party("L16", 8000, 500);
  Party& b = party();
  join(a, mixer);
  join(b, mixer);
  a.delay = [](int n) { return milliseconds(n % 10 == 0 ? 170 : 0); };
  pass(milliseconds(1000));
  auto& track = tap(mixer);
  pass(milliseconds(4000));
  const Audio audio = stopped(mixer, track);
  EXPECT_EQ(track.stats().packets_lost, 0U);
  EXPECT_EQ(track.stats().repaired_samples, 0U);
  for (std::size_t i = 16; i < audio.size(); ++i) ASSERT_EQ(audio[i], audio[i - 16]) << "500 Hz, unbroken; " << i;
}

TEST_F(BridgeRecordingTest, RisesWithTheRateOfItsMembers) {
  Bridge& mixer = bridge();
  Party& a = party("PCMU", 8000, 500);
  join(a, mixer);
  auto& track = tap(mixer);
  pass(milliseconds(1000));
  Party& b = party("L16", 48000, 9000);
  join(b, mixer);
  pass(milliseconds(2000));
  mixer.stop_tap(1, EndReason::stop, now_);
  pass(milliseconds(600));
  double seconds = 0;
  Audio wide, block(record::Track::kMaxBlock);
  while (const auto next = track.next(block)) {
    seconds += static_cast<double>(next->samples) / next->rate;
    if (next->rate == 48000) {
      wide.insert(wide.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(next->samples));
    } else {
      EXPECT_EQ(next->rate, 8000U);
    }
  }
  ASSERT_TRUE(track.ended());
  EXPECT_NEAR(seconds, 3, 0.0005);
  EXPECT_NEAR(level(wide, 48000, 9000, 0.5, 2), 8000, 300);
  EXPECT_NEAR(level(wide, 48000, 500, 0, 2), 8000, 300);
}

TEST_F(BridgeRecordingTest, EverybodyHearsItsBeepsAndNoRecordingDoes) {
  Bridge& mixer = bridge();
  Party& a = party();
  Party& b = party("L16", 16000);
  join(a, mixer);
  join(b, mixer);
  record::Settings recv;
  recv.direction = record::Direction::recv;
  auto& own = tap(a.stream, recv);
  pass(milliseconds(500));
  record::Settings beeps;
  beeps.start_beep = beeps.stop_beep = true;
  auto& track = tap(mixer, beeps);
  pass(milliseconds(1000));
  EXPECT_GT(level(a.heard, 8000, 1000, 0.5, 0.8), 2000);
  EXPECT_GT(level(b.heard, 16000, 1000, 0.5, 0.8), 2000);
  mixer.stop_tap(2, EndReason::stop, now_);
  pass(milliseconds(1000));
  EXPECT_GT(level(a.heard, 8000, 1000, 1.5, 1.8), 2000);
  const Audio audio = take(track);
  ASSERT_TRUE(track.ended());
  EXPECT_EQ(peak(audio), 0);
  EXPECT_GT(audio.size(), 1200U * 16) << "up to the end of the beep";
  EXPECT_EQ(peak(take(own)), 0);
}

TEST_F(BridgeRecordingTest, StopsAtItsLimitsAndPauses) {
  Bridge& mixer = bridge();
  Party& a = party("PCMU", 8000, 500);
  join(a, mixer);
  pass(milliseconds(500));
  record::Settings settings;
  settings.max_duration = milliseconds(1500);
  auto& track = tap(mixer, settings);
  pass(milliseconds(500));
  mixer.pause_tap(1, now_);
  pass(milliseconds(700));
  mixer.resume_tap(1, now_);
  pass(milliseconds(1500));
  ASSERT_EQ(events<media::TapEnded>().size(), 1U);
  EXPECT_EQ(events<media::TapEnded>()[0].reason, EndReason::max_duration);
  EXPECT_EQ(take(track).size(), 12000U);
  EXPECT_EQ(track.stats().paused_samples, 700U * 8);

  record::Settings quiet;
  quiet.final_timeout = milliseconds(1000);
  auto& second = tap(mixer, quiet);
  pass(milliseconds(1000));
  a.amplitude = 0;
  pass(milliseconds(2000));
  ASSERT_EQ(events<media::TapEnded>().size(), 2U);
  EXPECT_EQ(events<media::TapEnded>()[1].reason, EndReason::final_timeout);
  EXPECT_NEAR(static_cast<double>(take(second).size()), 16000, 1600);
}

TEST_F(BridgeRecordingTest, EndsWithTheBridgeAndHoldsAllThatWasSaidUntilThen) {
  Bridge& mixer = bridge();
  Party& a = party("PCMU", 8000, 500);
  join(a, mixer);
  pass(milliseconds(500));
  auto& track = tap(mixer);
  pass(milliseconds(1000));
  switchboard_.close(mixer, now_);
  EXPECT_FALSE(mixer.is_closed()) << "what was said last is still to come";
  pass(milliseconds(300));
  EXPECT_TRUE(mixer.is_closed());
  const Audio audio = take(track);
  ASSERT_TRUE(track.ended());
  EXPECT_EQ(track.reason(), EndReason::hangup);
  EXPECT_EQ(audio.size(), 8000U);
  EXPECT_NEAR(level(audio, 8000, 500, 0, 1), 8000, 300);
}

TEST_F(BridgeRecordingTest, HoldsWhatWasSaidBeforeAPartyHungUp) {
  Bridge& mixer = bridge();
  Party& a = party("PCMU", 8000, 500);
  Party& b = party("PCMU", 8000, 0);
  join(a, mixer);
  join(b, mixer);
  pass(milliseconds(500));
  auto& track = tap(mixer);
  pass(milliseconds(1000));
  switchboard_.leave(a.stream, now_);
  a.stream.finish(now_);
  switchboard_.forget(a.stream);
  a.talks = false;
  pass(milliseconds(1000));
  const Audio audio = stopped(mixer, track);
  EXPECT_EQ(audio.size(), 16000U);
  EXPECT_NEAR(level(audio, 8000, 500, 0, 1), 8000, 300);
  EXPECT_LT(level(audio, 8000, 500, 1, 2), 10);
}

TEST_F(BridgeRecordingTest, SaysWhatBecameOfTheWorstWhereNothingWasReceived) {
  Bridge& mixer = bridge();
  Party& a = party("PCMU", 8000, 500);
  Party& b = party("PCMU", 8000, 0);
  join(a, mixer);
  pass(milliseconds(500));
  auto& track = tap(mixer);
  pass(milliseconds(1000));
  a.loses = [](int) { return true; };
  pass(milliseconds(500));
  a.loses = {};
  pass(milliseconds(500));
  join(b, mixer);
  a.loses = [](int) { return true; };
  pass(milliseconds(500));
  a.loses = {};
  pass(milliseconds(500));
  a.stream.mute(true, now_);
  b.talks = false;
  switchboard_.unjoin(b.stream, mixer, now_);
  pass(milliseconds(500));
  const Audio audio = stopped(mixer, track);
  EXPECT_EQ(audio.size(), 3500U * 8);
  const auto& stats = track.stats();
  EXPECT_NEAR(static_cast<double>(stats.lost_samples + stats.silent_samples + stats.repaired_samples), 500 * 8, 400);
  EXPECT_NEAR(static_cast<double>(stats.held_samples), 500 * 8, 320);
}

TEST_F(BridgeRecordingTest, TenLoudPartiesAreRecordedWithoutClipping) {
  Bridge& mixer = bridge();
  for (int i = 0; i < 10; ++i) {
    Party& one = party("PCMU", 8000, 400 + 230 * i);
    one.amplitude = 30000;
    join(one, mixer);
  }
  pass(milliseconds(500));
  auto& track = tap(mixer);
  pass(milliseconds(2000));
  const Audio audio = stopped(mixer, track);
  const Audio tail(audio.begin() + 8000, audio.end());
  EXPECT_LT(std::count_if(tail.begin(), tail.end(), [](std::int16_t s) { return std::abs(s) > 32000; }), 80);
  for (int i = 0; i < 10; ++i) EXPECT_GT(level(tail, 8000, 400 + 230 * i, 0, 1), 2000);
}

}  // namespace
