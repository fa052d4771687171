#include "media/tap.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

namespace {

using base::milliseconds;
using media::Position;
using record::EndReason;
using record::Kind;

constexpr std::size_t kFrame = 160;

std::vector<std::int16_t> take_all(record::Track& track) {
  std::vector<std::int16_t> all, block(record::Track::kMaxBlock);
  while (const std::size_t count = track.take(block)) {
    all.insert(all.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return all;
}

// What came out of a track, neighbours of the same kind and rate in one.
struct Chapter {
  Kind kind = Kind::received;
  std::uint32_t rate = 0;
  std::vector<std::int16_t> audio;
  std::uint64_t skipped = 0, relabelled = 0;
};
std::vector<Chapter> take_story(record::Track& track) {
  std::vector<Chapter> story;
  std::vector<std::int16_t> out(record::Track::kMaxBlock);
  while (const auto block = track.next(out)) {
    const bool goes_on = !story.empty() && story.back().kind == block->kind && story.back().rate == block->rate &&
                         (block->samples > 0) == !story.back().audio.empty();
    if (!goes_on) story.push_back({.kind = block->kind, .rate = block->rate, .audio = {}});
    story.back().audio.insert(story.back().audio.end(), out.begin(),
                              out.begin() + static_cast<std::ptrdiff_t>(block->samples));
    story.back().skipped += block->skipped;
    story.back().relabelled += block->relabelled;
  }
  return story;
}

// Feeds a tap from position 0 on. What the party sends says its own position (send_at), or silence, or a loud tone.
class TapTest : public testing::Test {
 protected:
  static std::int16_t send_at(Position p) { return static_cast<std::int16_t>(1000 + p % 10000); }
  static std::int16_t recv_at(Position p) { return static_cast<std::int16_t>(-1 - p % 10000); }
  static std::int16_t tone_at(Position p) {
    return static_cast<std::int16_t>(8000 * std::sin(2 * M_PI * 440 * static_cast<double>(p) / 8000));
  }

  media::Tap& open(record::Settings settings, Position start = 0, double seconds = 60) {
    track_.emplace(8000, settings.channels(), seconds);
    tap_.emplace(1, media::TapOptions{settings, &*track_}, start);
    return *tap_;
  }

  template <class Sample>
  void feed_until(Position until, Sample sample, media::PacketCounts packets = {.received = 1}) {
    while (now_ < until) {
      std::array<std::int16_t, kFrame> send, recv;
      for (std::size_t i = 0; i < kFrame; ++i) {
        send[i] = sample(now_ + static_cast<Position>(i));
        recv[i] = recv_at(now_ + static_cast<Position>(i));
      }
      media::Origins origins;
      origins.add(media::Kind::received, kFrame);
      tap_->feed({.position = now_, .send = send, .recv = recv, .origins = &origins, .packets = packets});
      now_ += kFrame;
    }
  }
  void feed_until(Position until) { feed_until(until, send_at); }
  void feed_silence_until(Position until) {
    feed_until(until, [](Position) { return std::int16_t{0}; });
  }
  void feed_tone_until(Position until) { feed_until(until, tone_at); }

  std::vector<std::int16_t> audio() { return take_all(*track_); }
  void expect_end(EndReason reason, std::uint64_t samples) {
    ASSERT_TRUE(tap_->ended());
    EXPECT_EQ(*tap_->ended(), reason);
    const auto channels = static_cast<std::uint64_t>(track_->channels());
    EXPECT_EQ(audio().size(), samples * channels);
    ASSERT_TRUE(track_->ended());
    EXPECT_EQ(track_->reason(), reason);
    EXPECT_EQ(track_->stats().samples, samples);
  }

  std::optional<record::Track> track_;
  std::optional<media::Tap> tap_;
  Position now_ = 0;
};

record::Settings send_only() {
  record::Settings settings;
  settings.direction = record::Direction::send;
  return settings;
}

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

TEST_F(TapTest, CountsPacketsAndMadeUpSamplesOfWhatItRecordsOnly) {
  open(send_only(), 100);
  std::array<std::int16_t, kFrame> send{}, recv{};
  media::Origins origins;
  origins.add(media::Kind::received, 90);
  origins.add(media::Kind::repaired, 40);
  origins.add(media::Kind::silent, 30);
  tap_->feed({.position = 0,
              .send = send,
              .recv = recv,
              .origins = &origins,
              .packets = {.received = 2, .lost = 1, .late = 3, .duplicate = 4}});
  tap_->end(EndReason::stop);
  EXPECT_EQ(audio().size(), 60U);
  EXPECT_EQ(track_->stats().repaired_samples, 30U);
  EXPECT_EQ(track_->stats().silent_samples, 30U);
  EXPECT_EQ(track_->stats().packets_received, 2U);
  EXPECT_EQ(track_->stats().packets_lost, 1U);
  EXPECT_EQ(track_->stats().packets_late, 3U);
  EXPECT_EQ(track_->stats().packets_duplicate, 4U);
}

TEST_F(TapTest, TellsTheKindOfEveryPieceToTheSample) {
  open(send_only(), 20);
  std::array<std::int16_t, kFrame> send{}, recv{};
  media::Origins origins;
  const std::pair<Kind, std::size_t> pieces[] = {{Kind::received, 40}, {Kind::repaired, 10}, {Kind::lost, 20},
                                                 {Kind::noise, 30},    {Kind::silent, 25},   {Kind::held, 35}};
  for (const auto& [kind, count] : pieces) origins.add(kind, count);
  tap_->feed({.position = 0, .send = send, .recv = recv, .origins = &origins, .packets = {}});
  tap_->end(EndReason::stop);
  const auto story = take_story(*track_);
  ASSERT_EQ(story.size(), std::size(pieces));
  for (std::size_t i = 0; i < story.size(); ++i) {
    EXPECT_EQ(story[i].kind, pieces[i].first);
    EXPECT_EQ(story[i].audio.size(), pieces[i].second - (i == 0 ? 20 : 0));
  }
  const record::Stats& stats = track_->stats();
  EXPECT_EQ(stats.samples, 140U);
  EXPECT_EQ(stats.repaired_samples, 10U);
  EXPECT_EQ(stats.lost_samples, 20U);
  EXPECT_EQ(stats.noise_samples, 30U);
  EXPECT_EQ(stats.silent_samples, 25U);
  EXPECT_EQ(stats.held_samples, 35U);
}

TEST_F(TapTest, WhatThePartyHearsIsAlwaysWhatItHeard) {
  record::Settings settings;
  settings.direction = record::Direction::recv;
  open(settings);
  std::array<std::int16_t, kFrame> send{}, recv{};
  media::Origins origins;
  origins.add(Kind::lost, kFrame);
  tap_->feed({.position = 0, .send = send, .recv = recv, .origins = &origins, .packets = {}});
  tap_->end(EndReason::stop);
  const auto story = take_story(*track_);
  ASSERT_EQ(story.size(), 1U);
  EXPECT_EQ(story[0].kind, Kind::received);
  EXPECT_EQ(track_->stats().lost_samples, 0U);
}

TEST_F(TapTest, CallsASilenceLostThatTurnsOutToHaveBeenLoss) {
  open(send_only(), 60);
  std::array<std::int16_t, kFrame> send{}, recv{};
  media::Origins received, silent;
  received.add(Kind::received, kFrame);
  silent.add(Kind::silent, kFrame);
  tap_->feed({.position = 0, .send = send, .recv = recv, .origins = &silent, .packets = {}});
  tap_->feed({.position = 160, .send = send, .recv = recv, .origins = &silent, .packets = {}});
  // It was 300 samples long, of which 260 have been recorded.
  tap_->feed({.position = 320, .send = send, .recv = recv, .origins = &received, .packets = {}, .lost_before = 300});
  tap_->feed({.position = 480, .send = send, .recv = recv, .origins = &received, .packets = {}, .lost_before = 50});
  tap_->end(EndReason::stop);
  const auto story = take_story(*track_);
  ASSERT_EQ(story.size(), 3U);
  EXPECT_EQ(story[0].audio.size(), 260U);
  EXPECT_EQ(story[1].kind, Kind::lost);
  EXPECT_EQ(story[1].relabelled, 260U);
  EXPECT_EQ(story[2].audio.size(), 320U) << "there was no silence before the last frame";
  EXPECT_EQ(track_->stats().lost_samples, 260U);
  EXPECT_EQ(track_->stats().silent_samples, 0U);
}

TEST_F(TapTest, MarksAPauseThatLeavesNothing) {
  open(send_only());
  tap_->pause(500);
  tap_->resume(1700);
  tap_->stop(3000, EndReason::stop);
  feed_until(3200);
  const auto story = take_story(*track_);
  ASSERT_EQ(story.size(), 3U);
  EXPECT_EQ(story[0].audio.size(), 500U);
  EXPECT_EQ(story[1].kind, Kind::paused);
  EXPECT_EQ(story[1].skipped, 1200U);
  EXPECT_EQ(story[2].audio.size(), 1300U);
}

TEST_F(TapTest, MarksAPauseThatLastsUntilTheEnd) {
  open(send_only());
  tap_->pause(500);
  feed_until(1600);
  tap_->end(EndReason::hangup);
  const auto story = take_story(*track_);
  ASSERT_EQ(story.size(), 2U);
  EXPECT_EQ(story[1].skipped, 1100U);
  EXPECT_EQ(track_->stats().samples, 500U);
}

TEST_F(TapTest, LeavesSilenceForAPauseThatCountsForNoLimit) {
  record::Settings settings;
  settings.mix = false;
  settings.pause = record::PauseMode::silence;
  settings.max_duration = milliseconds(200);
  open(settings);
  tap_->pause(500);
  tap_->resume(8500);
  feed_until(16000);
  EXPECT_EQ(tap_->ended(), EndReason::max_duration);
  const auto story = take_story(*track_);
  ASSERT_EQ(story.size(), 3U);
  EXPECT_EQ(story[1].kind, Kind::paused);
  EXPECT_EQ(story[1].audio, std::vector<std::int16_t>(2 * 8000));
  EXPECT_EQ(story[0].audio.size() + story[2].audio.size(), 2U * 1600U);
  EXPECT_EQ(track_->stats().samples, 9600U);
  EXPECT_EQ(track_->stats().paused_samples, 8000U);
}

TEST_F(TapTest, LeavesASoftToneWithoutClicksForAPause) {
  auto settings = send_only();
  settings.pause = record::PauseMode::tone;
  settings.start_paused = true;
  open(settings, 100);
  tap_->resume(8100);
  tap_->pause(16100);
  tap_->stop(24100, EndReason::stop);
  feed_until(32000);
  const auto story = take_story(*track_);
  ASSERT_EQ(story.size(), 3U) << "the file begins at the start, with the tone";
  for (const std::size_t pause : {0U, 2U}) {
    const auto& tone = story[pause].audio;
    ASSERT_EQ(tone.size(), 8000U);
    EXPECT_EQ(story[pause].kind, Kind::paused);
    double energy = 0, at_440 = 0;
    for (std::size_t i = 0; i < tone.size(); ++i) {
      energy += tone[i] * tone[i];
      at_440 += tone[i] * std::sin(2 * M_PI * 440 * static_cast<double>(i) / 8000);
    }
    const double rms = std::sqrt(energy / 8000);
    EXPECT_NEAR(20 * std::log10(rms * std::sqrt(2) / 32768), -30, 0.2);
    EXPECT_NEAR(std::sqrt(2) * at_440 / 8000, rms, 4) << "nothing but 440 Hz and its edges";
    for (std::size_t i = 0; i < 8; ++i) {
      EXPECT_LT(std::abs(tone[i]), 60);
      EXPECT_LT(std::abs(tone[7999 - i]), 60);
    }
  }
  EXPECT_LT(std::abs(story[1].audio.front()), 50) << "fades in after a tone";
}

TEST_F(TapTest, GivesTheNegativeZeroOfMulawOnlyToAFileThatCanHoldIt) {
  const auto recorded = [&](const record::Settings& settings, bool is_mulaw) {
    open(settings);
    std::array<std::int16_t, kFrame> send, recv;
    send.fill(-1), recv.fill(0);
    tap_->feed({.position = 0, .send = send, .recv = recv, .packets = {}, .is_mulaw = is_mulaw});
    return audio().at(0);
  };
  auto settings = send_only();
  EXPECT_EQ(recorded(settings, false), -1);
  EXPECT_EQ(recorded(settings, true), 0);
  settings.exact_mulaw = true;
  EXPECT_EQ(recorded(settings, true), -1);
  settings.direction = record::Direction::duplex;
  settings.mix = false;
  EXPECT_EQ(recorded(settings, true), -1);
  settings.mix = true;
  EXPECT_EQ(recorded(settings, true), 0) << "in a sum it would be noise";
}

TEST_F(TapTest, GoesOnAtAnotherRateWithEveryPositionAndLimitInItsPlace) {
  auto settings = send_only();
  settings.max_duration = milliseconds(1001);
  open(settings, 37);
  tap_->pause(1003);
  tap_->resume(2003);
  feed_until(1280);  // paused since 1003
  tap_->change_rate(48000);
  EXPECT_EQ(tap_->start(), 37 * 6);
  std::array<std::int16_t, 960> send, recv{};
  for (Position at = 1280 * 6; at < 48000 * 3; at += 960) {
    for (std::size_t i = 0; i < send.size(); ++i) send[i] = send_at(at + static_cast<Position>(i));
    tap_->feed({.position = at, .send = send, .recv = recv, .packets = {.received = 1}});
  }
  ASSERT_EQ(tap_->ended(), EndReason::max_duration);
  const auto story = take_story(*track_);
  ASSERT_EQ(story.size(), 3U);
  EXPECT_EQ(story[0].rate, 8000U);
  EXPECT_EQ(story[0].audio.size(), 1003U - 37U);
  EXPECT_EQ(story[1].skipped, 6000U) << "the pause, at the new rate";
  EXPECT_EQ(story[2].rate, 48000U);
  EXPECT_EQ(story[2].audio.size(), 1001U * 48U - (1003U - 37U) * 6U);
  EXPECT_EQ(story[2].audio[96], send_at(2003 * 6 + 96)) << "from the sample of the command on";
  EXPECT_EQ(track_->stats().samples, 1001U * 48U);
  EXPECT_EQ(track_->stats().paused_samples, 6000U);
}

TEST_F(TapTest, GoesOnListeningForSilenceAtAnotherRate) {
  auto settings = send_only();
  settings.final_timeout = milliseconds(1000);
  open(settings);
  feed_tone_until(8000);
  feed_silence_until(12000);  // half a second of it
  ASSERT_FALSE(tap_->ended());
  tap_->change_rate(16000);
  std::array<std::int16_t, 320> silence{};
  Position at = 24000;
  for (; !tap_->ended() && at < 64000; at += 320) {
    tap_->feed({.position = at, .send = silence, .recv = silence, .packets = {}});
  }
  EXPECT_EQ(tap_->ended(), EndReason::final_timeout);
  EXPECT_GE(track_->stats().samples, 32000U);
  EXPECT_LE(track_->stats().samples, 32000U + 1600U);
}

TEST_F(TapTest, KeepsTenYearsApartAtTheHighestRate) {
  constexpr Position kTenYears = Position{10} * 366 * 24 * 3600 * 44100;
  track_.emplace(44100, 1, 1.0);
  tap_.emplace(1, media::TapOptions{send_only(), &*track_}, kTenYears);
  tap_->stop(kTenYears + 441, EndReason::stop);
  tap_->change_rate(48000);
  EXPECT_EQ(tap_->start(), kTenYears / 441 * 480);
  std::array<std::int16_t, 960> silence{};
  tap_->feed({.position = kTenYears / 441 * 480, .send = silence, .recv = silence, .packets = {}});
  expect_end(EndReason::stop, 480);
}

}  // namespace
