// Conferences: each hears the others and not itself, whatever they speak with.
#include "media/conference_fixture.hpp"

namespace {

using namespace media::test;
using media::Bridge;

class BridgeTest : public ConferenceTest {
 protected:
  // So many parties on a bridge, each with a tone of its own.
  std::vector<Party*> members(Bridge& bridge, int count, double amplitude = 4000) {
    std::vector<Party*> all;
    for (int i = 0; i < count; ++i) {
      all.push_back(&party("PCMU", 8000, tone(i)));
      all.back()->amplitude = amplitude;
      join(*all.back(), bridge);
    }
    return all;
  }
  static double tone(int i) { return 400 + 230 * i; }
};

TEST_F(BridgeTest, EachHearsAllTheOthersAndNotItself) {
  Bridge& mixer = bridge();
  const auto all = members(mixer, 3);
  pass(milliseconds(3000));
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      const double level = all[static_cast<std::size_t>(i)]->hears(tone(j));
      if (i == j) {
        EXPECT_LT(level, 40) << i;
      } else {
        EXPECT_NEAR(level, 4000, 200) << i << " hears " << j;
      }
    }
  }
}

TEST_F(BridgeTest, OneMayListenOnlyOrSpeakOnly) {
  Bridge& mixer = bridge();
  Party& host = party("PCMU", 8000, 500);
  Party& listener = party("PCMU", 8000, 900);
  Party& announcer = party("PCMU", 8000, 1300);
  join(host, mixer);
  join(listener, mixer, false, true);
  join(announcer, mixer, true, false);
  pass(milliseconds(3000));
  EXPECT_NEAR(listener.hears(500), 8000, 300);
  EXPECT_NEAR(listener.hears(1300), 8000, 300);
  EXPECT_LT(host.hears(900), 40);
  EXPECT_NEAR(host.hears(1300), 8000, 300);
  EXPECT_EQ(announcer.packets, 0);
}

TEST_F(BridgeTest, MixesRatesAtTheWidestOfThem) {
  Bridge& mixer = bridge();
  Party& narrow = party("PCMA", 8000, 500);
  join(narrow, mixer);
  EXPECT_EQ(mixer.rate(), 8000U);
  pass(milliseconds(500));
  Party& wide = party("G722", 8000, 5000);
  join(wide, mixer);
  pass(milliseconds(500));
  EXPECT_EQ(mixer.rate(), 16000U);
  Party& full = party("L16", 48000, 12000);
  Party& odd = party("L16", 44100, 3000);
  join(full, mixer);
  join(odd, mixer);
  pass(milliseconds(3000));
  EXPECT_EQ(mixer.rate(), 48000U);
  EXPECT_NEAR(full.hears(500), 8000, 300);
  EXPECT_NEAR(full.hears(5000), 8000, 800);
  EXPECT_NEAR(full.hears(3000), 8000, 300);
  EXPECT_LT(full.hears(12000), 40);
  EXPECT_NEAR(odd.hears(12000), 8000, 800);
  EXPECT_LT(odd.hears(3000), 60);
  EXPECT_NEAR(wide.hears(3000), 8000, 400);
  EXPECT_LT(wide.hears(5000), 300);
  EXPECT_NEAR(narrow.hears(3000), 8000, 600);
  EXPECT_LT(narrow.hears(500), 60);
  EXPECT_LT(narrow.hears(4000), 100) << "nothing folds back";
  switchboard_.unjoin(full.stream, mixer, now_);
  pass(milliseconds(500));
  EXPECT_EQ(mixer.rate(), 48000U) << "it never falls";
}

TEST_F(BridgeTest, TenLoudPartiesNeitherWrapNorClip) {
  Bridge& mixer = bridge();
  const auto all = members(mixer, 10, 30000);
  pass(milliseconds(3000));
  for (int i = 0; i < 10; ++i) {
    const Audio& heard = all[static_cast<std::size_t>(i)]->heard;
    EXPECT_LT(all[static_cast<std::size_t>(i)]->hears(tone(i)), 300) << i;
    for (int j = 0; j < 10; ++j) {
      if (i == j) continue;
      EXPECT_GT(all[static_cast<std::size_t>(i)]->hears(tone(j)), 2000) << i << " hears " << j;
    }
    // A limiter that clips leaves much at the rails; one that wraps leaves noise in between.
    const Audio tail(heard.end() - 8000, heard.end());
    EXPECT_LT(std::count_if(tail.begin(), tail.end(), [](std::int16_t s) { return std::abs(s) > 32000; }), 80);
    EXPECT_GT(peak(tail), 12000);
    EXPECT_LT(level(tail, 8000, 3500, 0, 1), 300) << "distortion";
  }
}

TEST_F(BridgeTest, ALoudMomentPasses) {
  Bridge& mixer = bridge();
  const auto all = members(mixer, 4, 12000);
  pass(milliseconds(1000));
  all[0]->amplitude = all[1]->amplitude = all[2]->amplitude = 32000;
  pass(milliseconds(500));
  all[0]->amplitude = all[1]->amplitude = 0;
  all[2]->amplitude = 12000;
  pass(milliseconds(4000));
  EXPECT_NEAR(all[3]->hears(tone(2)), 12000, 300) << "the gain is back";
}

TEST_F(BridgeTest, WhoIsMutedIsNotHeardAndWhoIsHeldHearsNothing) {
  Bridge& mixer = bridge();
  const auto all = members(mixer, 3);
  pass(milliseconds(1000));
  all[0]->stream.mute(true, now_);
  all[1]->format.held = true;
  all[1]->format.may_send = false;
  all[1]->stream.configure(all[1]->format, now_);
  const int packets = all[1]->packets;
  pass(milliseconds(2000));
  EXPECT_LT(all[2]->hears(tone(0)), 10);
  EXPECT_NEAR(all[2]->hears(tone(1)), 4000, 200);
  EXPECT_EQ(all[1]->packets, packets);
  all[0]->stream.mute(false, now_);
  all[1]->format.held = false;
  all[1]->format.may_send = true;
  all[1]->stream.configure(all[1]->format, now_);
  pass(milliseconds(2000));
  EXPECT_NEAR(all[2]->hears(tone(0)), 4000, 200);
  EXPECT_NEAR(all[1]->hears(tone(0)), 4000, 200);
}

TEST_F(BridgeTest, TellsWhoBeginsAndCeasesToSpeak) {
  Bridge& mixer = bridge();
  const auto all = members(mixer, 2, 0);
  pass(milliseconds(2000));
  EXPECT_TRUE(events<media::Speaking>().empty());
  all[0]->amplitude = 8000;
  const auto begun = now_;
  while (events<media::Speaking>().empty() && now_ - begun < milliseconds(1000)) pass(milliseconds(20));
  ASSERT_EQ(events<media::Speaking>().size(), 1U);
  EXPECT_EQ(events<media::Speaking>()[0].endpoint, mixer.ref());
  EXPECT_EQ(events<media::Speaking>()[0].speaker, all[0]->stream.ref());
  EXPECT_TRUE(events<media::Speaking>()[0].speaking);
  EXPECT_LE(now_ - begun, milliseconds(260));
  pass(milliseconds(1000));
  all[0]->amplitude = 0;
  pass(milliseconds(600));
  EXPECT_EQ(events<media::Speaking>().size(), 1U) << "a pause between two words";
  pass(milliseconds(400));
  ASSERT_EQ(events<media::Speaking>().size(), 2U);
  EXPECT_FALSE(events<media::Speaking>()[1].speaking);
}

TEST_F(BridgeTest, WhoLeavesWhileSpeakingHasCeased) {
  Bridge& mixer = bridge();
  const auto all = members(mixer, 2, 8000);
  pass(milliseconds(1000));
  switchboard_.unjoin(all[0]->stream, mixer, now_);
  pass(milliseconds(20));
  ASSERT_EQ(events<media::Speaking>().size(), 3U);
  EXPECT_EQ(events<media::Speaking>()[2].speaker, all[0]->stream.ref());
  EXPECT_FALSE(events<media::Speaking>()[2].speaking);
}

}  // namespace
