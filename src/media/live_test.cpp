// The live play-out: shallow, follows the network, loses nothing that comes late, shrinks unheard.
#include "media/conference_fixture.hpp"

namespace {

using namespace media::test;

class LiveTest : public ConferenceTest {
 protected:
  void SetUp() override {
    ConferenceTest::SetUp();
    speaker_ = &party("PCMU", 8000, 400);
    listener_ = &party("PCMU", 8000);
    listener_->talks = false;
    join(*speaker_, *listener_);
  }
  std::uint64_t depth() const { return speaker_->stream.stats().live_depth; }
  std::uint64_t concealed() const { return speaker_->stream.stats().live_concealed; }
  // Speech: sound and pauses.
  void talk(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      speaker_->amplitude = 8000;
      pass(milliseconds(700));
      speaker_->amplitude = 0;
      pass(milliseconds(300));
    }
    speaker_->amplitude = 8000;
  }
  Party* speaker_ = nullptr;
  Party* listener_ = nullptr;
};

TEST_F(LiveTest, IsAsShallowAsAQuietNetworkAllows) {
  pass(milliseconds(5000));
  EXPECT_LE(depth(), 40U);
  EXPECT_EQ(concealed(), 0U);
}

TEST_F(LiveTest, GrowsAtOnceWithJitterAndThenConcealsNothing) {
  pass(milliseconds(2000));
  speaker_->delay = [](int n) { return milliseconds(n * 37 % 80); };
  pass(milliseconds(2000));
  EXPECT_GE(depth(), 80U);
  EXPECT_LE(depth(), 140U);
  const auto at_first = concealed();
  EXPECT_GT(at_first, 20U);
  EXPECT_LE(at_first, 140U) << "no more than it has grown by, and a little";
  pass(milliseconds(6000));
  EXPECT_EQ(concealed(), at_first);
  EXPECT_NEAR(listener_->hears(400), 8000, 400);
}

TEST_F(LiveTest, ShrinksInThePausesOnceTheNetworkIsQuietAgain) {
  speaker_->delay = [](int n) { return milliseconds(n * 37 % 100); };
  pass(milliseconds(3000));
  EXPECT_GE(depth(), 75U);
  speaker_->delay = {};
  talk(12);
  EXPECT_LE(depth(), 45U);
  pass(milliseconds(1000));
  EXPECT_NEAR(listener_->hears(400), 8000, 300);
}

TEST_F(LiveTest, ShrinksWithoutAPauseByPlayingALittleFaster) {
  speaker_->delay = [](int n) { return milliseconds(n * 37 % 100); };
  pass(milliseconds(3000));
  const auto deep = depth();
  speaker_->delay = {};
  pass(milliseconds(9000));  // until the jitter is forgotten
  const auto before = concealed();
  pass(milliseconds(10000));
  EXPECT_NEAR(static_cast<double>(deep - depth()), 45, 15) << "4 ms a second";
  EXPECT_EQ(concealed(), before);
  // Nothing clicks: a tone goes on as a tone.
  const Audio tail(listener_->heard.end() - 40000, listener_->heard.end());
  const double most = 2 * std::numbers::pi * 402 / 8000 * 8000 * 1.15;
  for (std::size_t i = 1; i < tail.size(); ++i) ASSERT_LT(std::abs(tail[i] - tail[i - 1]), most) << i;
}

TEST_F(LiveTest, LossIsMadeUpForAndDoesNotMakeItDeeper) {
  pass(milliseconds(3000));
  const auto before = depth();
  speaker_->loses = [](int n) { return n % 20 == 0; };
  pass(milliseconds(5000));
  EXPECT_NEAR(static_cast<double>(depth()), static_cast<double>(before), 12);
  EXPECT_GT(listener_->hears(400), 7000);
}

TEST_F(LiveTest, FollowsABurstAfterASilenceOfTheNetwork) {
  pass(milliseconds(2000));
  // The network holds everything back for 300 ms and then delivers it at once.
  const auto until = now_ + milliseconds(300);
  speaker_->delay = [this, until](int) {
    return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(until - now_));
  };
  pass(milliseconds(300));
  speaker_->delay = {};
  pass(milliseconds(300));
  EXPECT_LE(depth(), 260U);
  talk(14);
  EXPECT_LE(depth(), 50U);
  pass(milliseconds(1000));
  EXPECT_NEAR(listener_->hears(400), 8000, 300);
}

TEST_F(LiveTest, ComesBackShallowAfterAPauseWithoutPackets) {
  speaker_->delay = [](int n) { return milliseconds(n * 37 % 80); };
  pass(milliseconds(2000));
  speaker_->delay = {};
  talk(10);
  speaker_->talks = false;
  pass(milliseconds(3000));
  EXPECT_LT(listener_->hears(400), 10) << "silence, nothing goes round";
  speaker_->talks = true;
  pass(milliseconds(1500));
  EXPECT_LE(depth(), 45U);
  EXPECT_NEAR(listener_->hears(400), 8000, 300);
}

TEST_F(LiveTest, ToldVoiceIsThatOfTheParty) {
  speaker_->stream.watch_voice(true);
  speaker_->amplitude = 0;
  pass(milliseconds(1500));
  EXPECT_TRUE(events<media::Voice>().empty());
  speaker_->amplitude = 8000;
  pass(milliseconds(500));
  ASSERT_EQ(events<media::Voice>().size(), 1U);
  EXPECT_TRUE(events<media::Voice>()[0].speaking);
  speaker_->amplitude = 0;
  pass(milliseconds(1500));
  ASSERT_EQ(events<media::Voice>().size(), 2U);
  EXPECT_FALSE(events<media::Voice>()[1].speaking);
  speaker_->stream.watch_voice(false);
  speaker_->amplitude = 8000;
  pass(milliseconds(500));
  EXPECT_EQ(events<media::Voice>().size(), 2U);
}

TEST_F(LiveTest, VoiceIsWatchedOfWhomNobodyHears) {
  Party& alone = party("PCMU", 8000, 400);
  alone.stream.watch_voice(true);
  pass(milliseconds(1000));
  ASSERT_EQ(events<media::Voice>().size(), 1U);
  EXPECT_EQ(events<media::Voice>()[0].endpoint, alone.stream.ref());
}

TEST_F(LiveTest, LeavesWhatIsRecordedAlone) {
  Party& alone = party("PCMU", 8000, 400);
  Party& joined = party("PCMU", 8000, 400);
  join(joined, *listener_);
  const auto jitter = [](int n) { return milliseconds(n * 37 % 150); };
  alone.delay = joined.delay = jitter;
  record::Settings send;
  send.direction = record::Direction::send;
  auto& one = tap(alone.stream, send);
  auto& other = tap(joined.stream, send);
  pass(milliseconds(5000));
  alone.stream.stop_tap(1, record::EndReason::stop, now_);
  joined.stream.stop_tap(2, record::EndReason::stop, now_);
  pass(milliseconds(500));
  const Audio first = take(one), second = take(other);
  EXPECT_EQ(first.size(), 40000U);
  EXPECT_EQ(first, second);
}

}  // namespace
