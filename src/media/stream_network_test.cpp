// What a stream says and to whom: symmetric RTP, silence, keepalives, beeps, RTCP.
#include <cmath>

#include "media/stream_fixture.hpp"

namespace {

using namespace media::test;

// ---- the network ----

TEST_F(StreamTest, LocksOnTheFirstValidSourceAndDropsOthers) {
  auto& track = tap();
  deliver({1, 1, {0x20}, 99}, "192.0.2.66:1");  // not a payload type that was agreed on
  pass_to(20);
  deliver(packet(0), "198.51.100.7:5000");
  pass_to(40);
  deliver(packet(1, 0x21), "198.51.100.8:5000");
  deliver(packet(1, 0x22), "198.51.100.7:5000");
  EXPECT_EQ(stream_->stats().foreign, 1U);
  // The signalled address takes it over.
  pass_to(60);
  deliver(packet(2, 0x23));
  pass_to(80);
  deliver(packet(3, 0x24), "198.51.100.7:5000");
  EXPECT_EQ(stream_->stats().foreign, 2U);
  const auto audio = finish(track);
  EXPECT_EQ(count(audio, 0x20), 160);
  EXPECT_EQ(count(audio, 0x21), 0);
  EXPECT_EQ(count(audio, 0x22), 160);
  EXPECT_EQ(count(audio, 0x23), 160);
  EXPECT_EQ(count(audio, 0x24), 0);
}

TEST_F(StreamTest, SendsToWhereThePacketsComeFromUntilSignallingSaysOtherwise) {
  make(options(media::Idle::silence));
  stream_->configure(format_, now_);
  pass(milliseconds(100));
  ASSERT_FALSE(transport_.rtp.empty());
  EXPECT_EQ(transport_.rtp.back().to, address("192.0.2.1:4000"));
  deliver(packet(0), "198.51.100.7:5000");
  pass(milliseconds(100));
  EXPECT_EQ(transport_.rtp.back().to, address("198.51.100.7:5000"));
  format_.relearn_source = false;
  stream_->configure(format_, now_);
  pass(milliseconds(100));
  EXPECT_EQ(transport_.rtp.back().to, address("198.51.100.7:5000"));
  format_.relearn_source = true;
  format_.remote_rtp = address("203.0.113.1:6000");
  stream_->configure(format_, now_);
  pass(milliseconds(100));
  EXPECT_EQ(transport_.rtp.back().to, address("203.0.113.1:6000"));
}

TEST_F(StreamTest, SendsSilenceContinuouslyWithTheAgreedPacketLength) {
  for (const int ms : {10, 20, 30, 40, 60}) {
    SCOPED_TRACE(ms);
    transport_.rtp.clear();
    make(options(media::Idle::silence));
    format_.ptime = milliseconds(ms);
    stream_->configure(format_, now_);
    pass(milliseconds(6000));
    EXPECT_NEAR(static_cast<double>(transport_.rtp.size()), 6000.0 / ms, 3);
    for (std::size_t i = 0; i < transport_.rtp.size(); ++i) {
      const auto one = *rtp::Packet::parse(transport_.rtp[i].bytes);
      ASSERT_EQ(one.payload.size(), static_cast<std::size_t>(8 * ms));
      ASSERT_EQ(one.marker, i == 0);
      ASSERT_EQ(one.payload[0], 0xff);
      if (i == 0) continue;
      const auto before = *rtp::Packet::parse(transport_.rtp[i - 1].bytes);
      ASSERT_EQ(one.timestamp, before.timestamp + static_cast<std::uint32_t>(8 * ms));
      ASSERT_EQ(one.sequence, before.sequence + 1);
    }
  }
}

TEST_F(StreamTest, SendsAKeepaliveAtOnceAndThenEveryFifteenSeconds) {
  make(options(media::Idle::keepalive));
  stream_->configure(format_, now_);
  pass(milliseconds(20));
  ASSERT_EQ(transport_.rtp.size(), 1U);
  ASSERT_EQ(transport_.rtcp.size(), 1U);
  pass(milliseconds(14900));
  EXPECT_EQ(transport_.rtp.size(), 1U);
  pass(milliseconds(15500));
  EXPECT_EQ(transport_.rtp.size(), 3U);
  for (const auto& one : transport_.rtp) {
    const auto packet = *rtp::Packet::parse(one.bytes);
    EXPECT_EQ(packet.payload_type, 127);
    EXPECT_TRUE(packet.payload.empty());
  }
}

TEST_F(StreamTest, SendsNoMediaWhileItMayNotSendButRtcpGoesOn) {
  make(options(media::Idle::silence));
  format_.may_send = false;
  stream_->configure(format_, now_);
  pass(milliseconds(30000));
  EXPECT_TRUE(transport_.rtp.empty());
  EXPECT_GE(transport_.rtcp.size(), 3U);
}

// ---- beeps ----

double power_at(const std::vector<std::uint8_t>& payload) {
  double sum = 0;
  for (const std::uint8_t code : payload) sum += std::pow(codec::g711::mulaw_to_linear(code), 2);
  return std::sqrt(sum / static_cast<double>(payload.size()));
}

std::vector<std::uint8_t> heard(const std::vector<Sent>& sent) {
  std::vector<std::uint8_t> all;
  for (const auto& one : sent) {
    const auto packet = *rtp::Packet::parse(one.bytes);
    all.insert(all.end(), packet.payload.begin(), packet.payload.end());
  }
  return all;
}

TEST_F(StreamTest, BeepsAtTheStartWhileThePartyIsRecordedFromTheFirstSample) {
  record::Settings settings;
  settings.start_beep = true;
  pass_to(60);
  auto& track = tap(settings);
  for (int n = 0; n < 30; ++n) {
    pass_to(80 + 20 * n);
    deliver(packet(n));
  }
  pass(milliseconds(1000));
  const auto beep = heard(transport_.rtp);
  EXPECT_EQ(beep.size(), 280U * 8U);
  EXPECT_EQ(power_at({beep.begin(), beep.begin() + 320}), 0);
  EXPECT_NEAR(power_at({beep.begin() + 400, beep.begin() + 1800}), 32767 * 0.251 / std::sqrt(2.0), 200);
  EXPECT_EQ(power_at({beep.end() - 320, beep.end()}), 0);
  EXPECT_TRUE(rtp::Packet::parse(transport_.rtp[0].bytes)->marker);
  EXPECT_FALSE(stream_->is_lively());
  const auto audio = finish(track);
  EXPECT_EQ(count(audio, 0x20), 4800);
  EXPECT_EQ(first(audio, 0x20), 0);
  EXPECT_EQ(count(audio, 0x20) + std::count(audio.begin(), audio.end(), 0), static_cast<long>(audio.size()))
      << "the beep is not in the recording";
}

TEST_F(StreamTest, BeepsWhenAPausedRecordingIsFirstResumed) {
  record::Settings settings;
  settings.start_beep = settings.start_paused = true;
  tap(settings);
  pass(milliseconds(500));
  EXPECT_TRUE(transport_.rtp.empty());
  stream_->resume_tap(1, now_);
  pass(milliseconds(500));
  EXPECT_EQ(heard(transport_.rtp).size(), 280U * 8U);
  stream_->pause_tap(1, now_);
  stream_->resume_tap(1, now_);
  pass(milliseconds(500));
  EXPECT_EQ(heard(transport_.rtp).size(), 280U * 8U) << "only the first time";
}

TEST_F(StreamTest, TheStopBeepIsPlayedFirstAndTheRecordingGoesOnUntilItIsOver) {
  record::Settings settings;
  settings.stop_beep = true;
  auto& track = tap(settings);
  pass_to(1000);
  stream_->stop_tap(1, EndReason::stop, now_);
  stream_->stop_tap(1, EndReason::stop, now_);
  pass_to(2000);
  EXPECT_EQ(heard(transport_.rtp).size(), 280U * 8U);
  EXPECT_EQ(take(track).size(), (1000U + 240U) * 8U);
  EXPECT_EQ(track.reason(), EndReason::stop);
}

TEST_F(StreamTest, TheStopBeepFollowsALimitAndDoesNotLengthenTheRecording) {
  record::Settings settings;
  settings.stop_beep = true;
  settings.max_duration = milliseconds(300);
  auto& track = tap(settings);
  pass_to(400);
  EXPECT_TRUE(transport_.rtp.empty());
  pass_to(2000);
  EXPECT_EQ(heard(transport_.rtp).size(), 280U * 8U);
  EXPECT_EQ(take(track).size(), 2400U);
}

TEST_F(StreamTest, StopsAtOnceWhenNoBeepCanBePlayed) {
  format_.may_send = false;
  stream_->configure(format_, now_);
  record::Settings settings;
  settings.stop_beep = true;
  auto& track = tap(settings);
  pass_to(1000);
  stream_->stop_tap(1, EndReason::stop, now_);
  pass_to(1500);
  EXPECT_EQ(take(track).size(), 8000U);
}

TEST_F(StreamTest, BeepsOfSeveralRecordingsQueue) {
  record::Settings settings;
  settings.start_beep = true;
  tap(settings, 1);
  tap(settings, 2);
  pass_to(2000);
  EXPECT_EQ(heard(transport_.rtp).size(), 2U * 280U * 8U);
}

// ---- RTCP ----

TEST_F(StreamTest, ReportsRealFiguresAndMeasuresTheRoundTrip) {
  make(options(media::Idle::silence));
  stream_->configure(format_, now_);
  for (int n = 0; n < 500; ++n) {
    pass_to(20 + 20 * n);
    if (n % 10 == 3) continue;  // one in ten is lost
    deliver(packet(n));
    if (n == 100) {
      std::array<std::uint8_t, rtp::Report::kMaxSize> bytes;
      const rtp::Report report{
          .ssrc = 7, .sender = rtp::SenderInfo{.ntp = 0xaabbccdd11223344}, .block = {}, .cname = "p"};
      stream_->receive_rtcp({bytes.data(), report.write(bytes)}, address("192.0.2.1:4001"), now_);
    }
  }
  ASSERT_GE(transport_.rtcp.size(), 2U);
  const auto& last = transport_.rtcp.back();
  const auto report = rtp::Compound::parse(last.bytes);
  ASSERT_TRUE(report && report->sender && report->block_count == 1);
  const auto& block = report->blocks[0];
  EXPECT_EQ(block.ssrc, 7U);
  EXPECT_NEAR(block.fraction_lost, 25, 4);
  EXPECT_GE(block.cumulative_lost, 20);
  EXPECT_GT(block.highest_sequence, 65535U);
  EXPECT_EQ(block.last_sr, 0xccdd1122U);
  EXPECT_EQ(last.to, address("192.0.2.1:4001"));
  const double passed = std::chrono::duration<double>(last.at - kStart).count() - 2.02;
  EXPECT_NEAR(block.delay_since_sr / 65536.0, passed, 0.001);
  EXPECT_NEAR(report->sender->packets, std::chrono::duration<double>(last.at - kStart).count() * 50, 2);
  EXPECT_EQ(report->sender->bytes, report->sender->packets * 160);

  // The party answers 30 ms later, having held our report for 10 ms of them.
  now_ = last.at + milliseconds(30);
  std::array<std::uint8_t, rtp::Report::kMaxSize> bytes;
  const rtp::Report answer{.ssrc = 7,
                           .sender = {},
                           .block = rtp::ReportBlock{.ssrc = report->ssrc,
                                                     .last_sr = static_cast<std::uint32_t>(report->sender->ntp >> 16),
                                                     .delay_since_sr = 655},
                           .cname = "p"};
  stream_->receive_rtcp({bytes.data(), answer.write(bytes)}, address("192.0.2.1:4001"), now_);
  ASSERT_TRUE(stream_->rtcp().round_trip());
  EXPECT_NEAR(static_cast<double>(stream_->rtcp().round_trip()->count()), 20000, 50);
}

TEST_F(StreamTest, WithMuxRtcpSharesTheRtpPort) {
  format_.rtcp_mux = true;
  make(options(media::Idle::keepalive));
  stream_->configure(format_, now_);
  std::array<std::uint8_t, rtp::Report::kMaxSize> bytes;
  const rtp::Report report{.ssrc = 7, .sender = {}, .block = {}, .cname = "p"};
  stream_->receive_rtp({bytes.data(), report.write(bytes)}, address("192.0.2.1:4000"), now_);
  EXPECT_EQ(stream_->stats().rtcp_received, 1U);
  pass(milliseconds(100));
  EXPECT_TRUE(transport_.rtcp.empty());
  EXPECT_EQ(transport_.rtp.size(), 2U);
}

TEST_F(StreamTest, TellsOnceThatAPartyHasGoneSilentAndAgainAfterItCameBack) {
  pass(milliseconds(59900));
  EXPECT_TRUE(events<media::PartySilent>().empty());
  pass(milliseconds(60000));
  EXPECT_EQ(events<media::PartySilent>().size(), 1U);
  deliver(packet(0));
  pass(milliseconds(61000));
  EXPECT_EQ(events<media::PartySilent>().size(), 2U);
}

TEST_F(StreamTest, APartyOnHoldMayBeSilent) {
  format_.held = true;
  stream_->configure(format_, now_);
  pass(milliseconds(120000));
  EXPECT_TRUE(events<media::PartySilent>().empty());
  format_.held = false;
  stream_->configure(format_, now_);
  pass(milliseconds(50000));
  EXPECT_TRUE(events<media::PartySilent>().empty()) << "counted from the end of the hold";
  pass(milliseconds(20000));
  EXPECT_EQ(events<media::PartySilent>().size(), 1U);
}

TEST_F(StreamTest, SaysByeOnlyIfItHasSentAnything) {
  stream_->finish(now_);
  EXPECT_TRUE(transport_.rtcp.empty());
  make(options(media::Idle::keepalive));
  stream_->configure(format_, now_);
  pass(milliseconds(20));
  transport_.rtcp.clear();
  stream_->finish(now_);
  ASSERT_EQ(transport_.rtcp.size(), 1U);
  EXPECT_TRUE(rtp::Compound::parse(transport_.rtcp[0].bytes)->bye);
}

}  // namespace
