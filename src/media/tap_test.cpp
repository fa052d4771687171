// Where a recording begins, pauses, ends: to the sample.
#include <numeric>

#include "media/tap_fixture.hpp"

namespace {

using namespace media::test;

TEST_F(TapTest, BeginsAndStopsAtTheSampleOfTheCommandWithinAFrame) {
  open(send_only(), 37);
  tap_->stop(1003, EndReason::stop);
  feed_until(1600);
  const auto all = audio();
  ASSERT_EQ(all.size(), 1003U - 37U);
  EXPECT_EQ(all.front(), send_at(37));
  EXPECT_EQ(all.back(), send_at(1002));
  EXPECT_EQ(tap_->ended(), EndReason::stop);
}

TEST_F(TapTest, StopsAtTheEndOfTheFrameThatTheStopFallsOn) {
  open(send_only());
  tap_->stop(320, EndReason::stop);
  feed_until(320);
  expect_end(EndReason::stop, 320);
}

TEST_F(TapTest, RecordsExactlyMaxDuration) {
  for (const int ms : {1, 20, 33, 500, 2500}) {
    auto settings = send_only();
    settings.max_duration = milliseconds(ms);
    now_ = 0;
    open(settings, 77);
    feed_until(77 + ms * 8 - 160);
    feed_until(77 + ms * 8 + 320);
    expect_end(EndReason::max_duration, static_cast<std::uint64_t>(ms) * 8);
  }
}

TEST_F(TapTest, RecordsNothingWhilePausedAndCountsIt) {
  open(send_only());
  tap_->pause(500);
  tap_->resume(1700);
  tap_->stop(3000, EndReason::stop);
  feed_until(3200);
  const auto all = audio();
  ASSERT_EQ(all.size(), 500U + 1300U);
  // Outside the ramps of 2 ms (16 samples) it is sample for sample what was sent.
  for (std::size_t i = 0; i < 484; ++i) ASSERT_EQ(all[i], send_at(static_cast<Position>(i)));
  for (std::size_t i = 516; i < all.size(); ++i) ASSERT_EQ(all[i], send_at(1200 + static_cast<Position>(i)));
  EXPECT_LT(std::abs(all[499]), 50) << "faded out";
  EXPECT_LT(std::abs(all[500]), 50) << "fades in";
  EXPECT_EQ(track_->stats().paused_samples, 1200U);
}

TEST_F(TapTest, FadesOutAcrossAFrameBoundary) {
  open(send_only());
  tap_->pause(165);
  tap_->resume(400);
  tap_->stop(640, EndReason::stop);
  feed_until(640);
  const auto all = audio();
  ASSERT_EQ(all.size(), 165U + 240U);
  for (std::size_t i = 150; i < 164; ++i) EXPECT_GT(all[i], all[i + 1]) << i;
}

TEST_F(TapTest, MakesNoClickWhereItIsCutInALoudTone) {
  open(send_only());
  tap_->pause(1009);
  tap_->resume(1777);
  tap_->stop(3200, EndReason::stop);
  feed_tone_until(3200);
  const auto all = audio();
  int steepest_tone = 0, steepest_seam = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const int step = std::abs(all[i] - all[i - 1]);
    int& steepest = i > 980 && i < 1040 ? steepest_seam : steepest_tone;
    steepest = std::max(steepest, step);
  }
  EXPECT_LE(steepest_seam, steepest_tone + 100);
}

TEST_F(TapTest, PausingOrResumingTwiceChangesNothing) {
  open(send_only());
  EXPECT_TRUE(tap_->pause(100));
  EXPECT_FALSE(tap_->pause(200));
  EXPECT_TRUE(tap_->resume(300));
  EXPECT_FALSE(tap_->resume(400));
  tap_->stop(480, EndReason::stop);
  EXPECT_FALSE(tap_->stop(470, EndReason::stop));
  feed_until(480);
  expect_end(EndReason::stop, 100 + 180);
}

TEST_F(TapTest, StartedPausedItRecordsNothingUntilResumedAndThenFromTheFirstSample) {
  auto settings = send_only();
  settings.start_paused = true;
  settings.max_duration = milliseconds(100);
  open(settings);
  feed_until(8000);
  EXPECT_FALSE(tap_->ended()) << "paused time counts for nothing";
  tap_->resume(8010);
  feed_until(9600);
  const auto all = audio();
  ASSERT_EQ(all.size(), 800U);
  EXPECT_EQ(all.front(), send_at(8010)) << "no fade where nothing was recorded before";
  EXPECT_EQ(track_->stats().paused_samples, 8010U);
}

TEST_F(TapTest, CanBeStoppedWhilePaused) {
  open(send_only());
  tap_->pause(320);
  feed_until(1600);
  tap_->stop(1650, EndReason::stop);
  feed_until(1760);
  expect_end(EndReason::stop, 320);
}

TEST_F(TapTest, MaxDurationLeavesPausedTimeOut) {
  auto settings = send_only();
  settings.max_duration = milliseconds(100);
  open(settings);
  tap_->pause(333);
  tap_->resume(4001);
  feed_until(8000);
  expect_end(EndReason::max_duration, 800);
}

TEST_F(TapTest, EndsAtInitialTimeoutIfNobodySpeaks) {
  auto settings = send_only();
  settings.initial_timeout = milliseconds(1234);
  open(settings, 5);
  feed_silence_until(16000);
  expect_end(EndReason::initial_timeout, 1234 * 8);
}

TEST_F(TapTest, InitialTimeoutDoesNotRunWhilePausedNorAfterSpeech) {
  auto settings = send_only();
  settings.initial_timeout = milliseconds(1000);
  open(settings);
  tap_->pause(4000);
  tap_->resume(20000);
  feed_silence_until(22400);
  EXPECT_FALSE(tap_->ended());
  feed_tone_until(24000 - 160);
  feed_silence_until(64000);
  EXPECT_FALSE(tap_->ended());
}

TEST_F(TapTest, EndsAtFinalTimeoutAfterSpeechAndNotBefore) {
  auto settings = send_only();
  settings.final_timeout = milliseconds(700);
  open(settings);
  feed_silence_until(16000);
  EXPECT_FALSE(tap_->ended()) << "nobody has spoken yet";
  feed_tone_until(24000);
  feed_silence_until(28000);
  EXPECT_FALSE(tap_->ended());
  feed_tone_until(30400);
  feed_silence_until(48000);
  ASSERT_TRUE(tap_->ended());
  EXPECT_EQ(*tap_->ended(), EndReason::final_timeout);
  // The tone ended at 30400; the detector bridges 50 ms and judges whole frames.
  const auto samples = static_cast<double>(audio().size());
  EXPECT_GE(samples, 30400 + 5600);
  EXPECT_LE(samples, 30400 + 5600 + 800);
}

TEST_F(TapTest, TheEarliestOfSeveralLimitsInOneFrameWins) {
  auto settings = send_only();
  settings.initial_timeout = milliseconds(1003);
  settings.max_duration = milliseconds(1005);
  open(settings);
  feed_silence_until(16000);
  expect_end(EndReason::initial_timeout, 1003 * 8);

  settings.max_duration = milliseconds(1001);
  now_ = 0;
  open(settings);
  feed_silence_until(16000);
  expect_end(EndReason::max_duration, 1001 * 8);

  now_ = 0;
  open(settings);
  tap_->stop(1000 * 8 + 3, EndReason::stop);
  feed_silence_until(16000);
  expect_end(EndReason::stop, 1000 * 8 + 3);
}

TEST_F(TapTest, JudgesSilenceOnWhatThePartyHearsWhenOnlyThatIsRecorded) {
  record::Settings settings;
  settings.direction = record::Direction::recv;
  settings.initial_timeout = milliseconds(500);
  track_.emplace(8000, 1, 60.0);
  tap_.emplace(1, media::TapOptions{settings, &*track_}, 0);
  std::array<std::int16_t, kFrame> silence{}, tone;
  for (Position at = 0; at < 8000; at += kFrame) {
    for (std::size_t i = 0; i < kFrame; ++i) tone[i] = tone_at(at + static_cast<Position>(i));
    tap_->feed({.position = at, .send = tone, .recv = silence, .packets = {}});
  }
  expect_end(EndReason::initial_timeout, 4000);
}

TEST_F(TapTest, MixesBothDirectionsAndSaturates) {
  open({});
  std::array<std::int16_t, kFrame> send, recv;
  send.fill(20000), recv.fill(20000);
  send[1] = -20000, recv[1] = -20000;
  send[2] = 100, recv[2] = -30;
  tap_->feed({.position = 0, .send = send, .recv = recv, .packets = {}});
  const auto all = audio();
  ASSERT_EQ(all.size(), kFrame);
  EXPECT_EQ(all[0], 32767);
  EXPECT_EQ(all[1], -32768);
  EXPECT_EQ(all[2], 70);
}

TEST_F(TapTest, PutsWhatThePartySendsLeftAndWhatItHearsRight) {
  record::Settings settings;
  settings.mix = false;
  settings.max_duration = milliseconds(150);
  open(settings, 11);
  tap_->pause(200);
  tap_->resume(600);
  feed_until(3200);
  const auto all = audio();
  ASSERT_EQ(all.size(), 2U * 1200U);
  EXPECT_EQ(all[0], send_at(11));
  EXPECT_EQ(all[1], recv_at(11));
  EXPECT_EQ(all[2 * 1199], send_at(11 + 1199 + 400));
  EXPECT_EQ(all[2 * 1199 + 1], recv_at(11 + 1199 + 400));
}

TEST_F(TapTest, CountsWhatTheWriterCouldNotTakeAndEndsAfterASecondOfIt) {
  open(send_only(), 0, 1.0);
  const auto room = static_cast<Position>(8000 + record::Track::kMaxBlock);
  feed_until(60000);
  ASSERT_TRUE(tap_->ended());
  EXPECT_EQ(*tap_->ended(), EndReason::error);
  const auto story = take_story(*track_);
  ASSERT_EQ(story.size(), 2U);
  EXPECT_EQ(story[0].kind, Kind::received);
  EXPECT_LE(static_cast<Position>(story[0].audio.size()), 2 * room);
  EXPECT_EQ(story[1].kind, Kind::overrun);
  EXPECT_EQ(story[1].skipped, 8000U);
  EXPECT_EQ(track_->stats().samples, story[0].audio.size() + 8000U);
  EXPECT_EQ(track_->stats().overrun_samples, 8000U);
}

TEST_F(TapTest, SaysWhereTheWriterCouldNotFollowAndMaxDurationCountsIt) {
  auto settings = send_only();
  settings.max_duration = milliseconds(5000);
  open(settings, 0, 1.0);
  // The writer stands still for longer than the track holds (32768, the next power of two), and then catches up.
  feed_until(36000);
  const auto before = take_story(*track_);
  ASSERT_EQ(before.size(), 1U);
  feed_until(80000);
  const auto after = take_story(*track_);
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[0].kind, Kind::overrun);
  EXPECT_GT(after[0].skipped, 3000U);
  ASSERT_TRUE(tap_->ended());
  EXPECT_EQ(*tap_->ended(), EndReason::max_duration);
  EXPECT_EQ(after[1].audio.front(), send_at(static_cast<Position>(before[0].audio.size() + after[0].skipped)));
  EXPECT_EQ(before[0].audio.size() + after[0].skipped + after[1].audio.size(), 40000U);
  EXPECT_EQ(track_->stats().samples, 40000U);
  EXPECT_EQ(track_->stats().overrun_samples, after[0].skipped);
}

TEST_F(TapTest, EndsWithAnErrorWhenTheWriterHasFailed) {
  open(send_only());
  feed_until(320);
  track_->fail();
  feed_until(480);
  expect_end(EndReason::error, 320);
}

TEST_F(TapTest, SaysOnceThatNothingWasHeardInTheFirstTwoSeconds) {
  open(send_only());
  const auto silence = [](Position) { return std::int16_t{0}; };
  feed_until(15840, silence, {});
  EXPECT_FALSE(tap_->take_unheard());
  feed_until(16000, silence, {});
  EXPECT_TRUE(tap_->take_unheard());
  feed_until(32000, silence, {});
  EXPECT_FALSE(tap_->take_unheard());
  tap_->end(EndReason::hangup);
  audio();
  EXPECT_TRUE(track_->stats().no_media_at_start);
}

}  // namespace
