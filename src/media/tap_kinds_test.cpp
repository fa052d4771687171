// What a recording says of its pieces: kinds, marks, counts, other rates.
#include "media/tap_fixture.hpp"

namespace {

using namespace media::test;

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

TEST_F(TapTest, LossOnOneSideLeavesTheOtherAsItIs) {
  record::Settings settings;
  settings.mix = false;
  open(settings);
  std::vector<std::int16_t> heard;
  while (now_ < 8000) {
    std::array<std::int16_t, kFrame> send{}, recv;
    for (std::size_t i = 0; i < kFrame; ++i) recv[i] = recv_at(now_ + static_cast<Position>(i));
    heard.insert(heard.end(), recv.begin(), recv.end());
    media::Origins origins;
    origins.add(now_ % 800 == 0 ? Kind::repaired : Kind::received, 90);
    origins.add(now_ % 480 == 0 ? Kind::lost : Kind::received, kFrame - 90);
    tap_->feed({.position = now_, .send = send, .recv = recv, .origins = &origins, .packets = {.received = 1}});
    now_ += kFrame;
  }
  tap_->end(EndReason::stop);
  const auto both = audio();
  ASSERT_EQ(both.size(), 2 * heard.size());
  for (std::size_t i = 0; i < heard.size(); ++i) ASSERT_EQ(both[2 * i + 1], heard[i]);
  EXPECT_GT(track_->stats().lost_samples, 0U);
}

}  // namespace
