// What is played on a stream or a bridge: who hears it, which recording holds it, and that its end is told once.
#include "media/conference_fixture.hpp"

namespace {

using namespace media::test;
using media::Bridge;
using media::OutputEnded;

class OutputTest : public ConferenceTest {
 protected:
  ToneFeed& tone(std::uint32_t rate, double frequency, double seconds) {
    return feeds_.emplace_back(rate, frequency, seconds);
  }
  std::deque<ToneFeed> feeds_;
};

record::Settings recv_only() {
  record::Settings settings;
  settings.direction = record::Direction::recv;
  return settings;
}

TEST_F(OutputTest, IsHeardByItsPartyAloneAndIsInWhatItsRecordingHeard) {
  Party& a = party("PCMU", 8000, 500);
  Party& b = party("PCMU", 8000, 1300);
  join(a, b);
  auto& track = tap(a.stream, recv_only());
  pass(milliseconds(1000));
  a.stream.add_output(7, tone(8000, 2200, 1.5));
  pass(milliseconds(1400));
  EXPECT_NEAR(a.hears(2200), 8000, 300);
  EXPECT_NEAR(a.hears(1300), 8000, 300);
  EXPECT_LT(b.hears(2200), 40);
  EXPECT_TRUE(events<OutputEnded>().empty());
  pass(milliseconds(1500));
  ASSERT_EQ(events<OutputEnded>().size(), 1U);
  EXPECT_EQ(events<OutputEnded>()[0].endpoint, a.stream.ref());
  EXPECT_EQ(events<OutputEnded>()[0].output, 7U);
  EXPECT_TRUE(events<OutputEnded>()[0].finished);
  EXPECT_LT(a.hears(2200), 40);
  const Audio heard = take(track);
  EXPECT_NEAR(level(heard, 8000, 2200, 1.1, 2.4), 8000, 300);
  EXPECT_LT(level(heard, 8000, 2200, 0, 0.9), 40);
  EXPECT_LT(level(heard, 8000, 2200, 2.6, 3.5), 40);
}

TEST_F(OutputTest, PlaysToWhomIsNotJoinedAndThenIsSilentAgain) {
  Party& a = party();
  a.stream.add_output(1, tone(8000, 700, 1.01));
  pass(milliseconds(3000));
  EXPECT_NEAR(level(a.heard, 8000, 700, 0.1, 0.9), 8000, 300);
  EXPECT_NEAR(a.packets, 55, 2) << "and no more than it takes";
  EXPECT_EQ(a.breaks, 0);
  ASSERT_EQ(events<OutputEnded>().size(), 1U);
  const int before = a.packets;
  a.stream.add_output(2, tone(8000, 900, 0.5));
  pass(milliseconds(1000));
  EXPECT_GT(a.packets, before + 20);
  EXPECT_EQ(events<OutputEnded>().size(), 2U);
}

TEST_F(OutputTest, ItsRateMayBeAny) {
  for (const std::uint32_t rate : {8000U, 11025U, 16000U, 22050U, 24000U, 44100U, 48000U, 96000U}) {
    for (const auto& [name, clock] : {std::pair{"PCMU", 8000U}, {"L16", 44100U}, {"L16", 48000U}}) {
      Party& a = party(name, clock);
      a.stream.add_output(1, tone(rate, 1000, 10));
      pass(milliseconds(2000));
      EXPECT_NEAR(a.hears(1000), 8000, 300) << rate << " to " << name << clock;
      a.stream.remove_output(1);
    }
  }
}

TEST_F(OutputTest, IsLeftAloneOnceItsEndWasTold) {
  Party& a = party();
  {
    ToneFeed gone(8000, 700, 10);
    a.stream.add_output(3, gone);
    pass(milliseconds(500));
    a.stream.remove_output(3);
    pass(milliseconds(20));
    ASSERT_EQ(events<OutputEnded>().size(), 1U);
    EXPECT_FALSE(events<OutputEnded>()[0].finished);
  }
  pass(milliseconds(500));
  ToneFeed left(8000, 700, 10);
  a.stream.add_output(4, left);
  pass(milliseconds(100));
  a.stream.finish(now_);
  pass(milliseconds(20));
  ASSERT_EQ(events<OutputEnded>().size(), 2U);
  EXPECT_FALSE(events<OutputEnded>()[1].finished);
}

TEST_F(OutputTest, GoesOnUnheardWhileThePartyIsHeld) {
  Party& a = party();
  auto& track = tap(a.stream, recv_only());
  a.stream.add_output(1, tone(8000, 700, 2));
  pass(milliseconds(500));
  a.format.may_send = false;
  a.stream.configure(a.format, now_);
  pass(milliseconds(500));
  a.format.may_send = true;
  a.stream.configure(a.format, now_);
  pass(milliseconds(1500));
  EXPECT_EQ(events<OutputEnded>().size(), 1U);
  const Audio heard = take(track);
  EXPECT_NEAR(level(heard, 8000, 700, 0.1, 0.4), 8000, 300);
  EXPECT_LT(level(heard, 8000, 700, 0.55, 0.95), 1);
  EXPECT_NEAR(level(heard, 8000, 700, 1.1, 1.9), 8000, 300);
}

TEST_F(OutputTest, OnABridgeEverybodyHearsItAndItIsInTheRecording) {
  Bridge& mixer = bridge();
  Party& a = party("PCMU", 8000, 500);
  Party& b = party("G722", 8000, 1300);
  join(a, mixer);
  join(b, mixer);
  auto& track = tap(mixer);
  pass(milliseconds(1000));
  mixer.add_output(9, tone(24000, 2200, 1.5));
  pass(milliseconds(1200));
  EXPECT_NEAR(a.hears(2200), 8000, 400);
  EXPECT_NEAR(b.hears(2200), 8000, 400);
  EXPECT_NEAR(b.hears(500), 8000, 400);
  pass(milliseconds(1500));
  ASSERT_EQ(events<OutputEnded>().size(), 1U);
  EXPECT_EQ(events<OutputEnded>()[0].endpoint, mixer.ref());
  const Audio recorded = take(track);
  EXPECT_NEAR(level(recorded, 16000, 2200, 1.1, 2.4), 8000, 400);
  EXPECT_NEAR(level(recorded, 16000, 500, 1.1, 2.4), 8000, 400);
  EXPECT_LT(level(recorded, 16000, 2200, 2.6, 3.4), 40);
}

TEST_F(OutputTest, PlaysOnAnEmptyBridgeToo) {
  Bridge& mixer = bridge();
  auto& track = tap(mixer);
  mixer.add_output(1, tone(8000, 700, 0.5));
  pass(milliseconds(1000));
  EXPECT_EQ(events<OutputEnded>().size(), 1U);
  EXPECT_NEAR(level(take(track), 8000, 700, 0.1, 0.4), 8000, 300);
}

}  // namespace
