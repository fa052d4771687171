#include "play/rendering.hpp"

#include <fcntl.h>

#include "play/audio_for_test.hpp"

namespace {

using namespace play;
using namespace play::testing;
using std::chrono::milliseconds;

// One second each of 400, 600, 800, 1000 and 1200 Hz.
struct RenderingTest : ::testing::Test {
  RenderingTest() {
    Samples scale;
    for (const int hz : {400, 600, 800, 1000, 1200}) {
      const Samples note = tone(hz, 8000);
      scale.insert(scale.end(), note.begin(), note.end());
    }
    write_audio(scale_file, scale, 8000);
  }

  void play(const Manner& manner, int times = 1) {
    Program program(8000);
    for (int i = 0; i < times; ++i) {
      auto file = AudioFile::open(base::Fd(::open(scale_file.c_str(), O_RDONLY | O_CLOEXEC)), 8000);
      ASSERT_TRUE(file);
      program.add(std::move(*file));
    }
    rendering = std::make_unique<Rendering>(std::move(program), manner);
  }
  // Reads like a media worker, with the play thread in between.
  Samples hear(double seconds) {
    Samples heard;
    while (static_cast<double>(heard.size()) < seconds * 8000 && going) {
      Samples tick(160);
      going = rendering->feed().read(tick);
      heard.insert(heard.end(), tick.begin(), tick.end());
      rendering->fill();
    }
    return heard;
  }
  void seek(int by) {
    rendering->feed().ask_flush();
    rendering->seek(milliseconds(by));
  }
  void change_speed(int tenths) {
    rendering->feed().ask_flush();
    rendering->change_speed(tenths);
  }

  TemporaryDirectory directory;
  const fs::path scale_file = directory.path() / "scale.wav";
  std::unique_ptr<Rendering> rendering;
  bool going = true;
};

TEST_F(RenderingTest, PlaysOnceThroughAndEnds) {
  play({});
  const Samples heard = hear(20);
  EXPECT_FALSE(going);
  EXPECT_NEAR(static_cast<double>(heard.size()), 40000, 160);
  for (int second = 0; second < 5; ++second) {
    EXPECT_EQ(pitch(part(heard, second + 0.1, second + 0.9)), 400 + 200 * second);
  }
  EXPECT_EQ(rendering->feed().late(), 0U);
}

TEST_F(RenderingTest, PlaysSeveralFilesWithoutAGap) {
  play({}, 3);
  const Samples heard = hear(20);
  EXPECT_NEAR(static_cast<double>(heard.size()), 120000, 160);
  EXPECT_EQ(pitch(part(heard, 5.0, 5.9)), 400);
  EXPECT_EQ(pitch(part(heard, 14.1, 14.9)), 1200);
}

TEST_F(RenderingTest, TheOffsetIsSkippedTheFirstTimeOnly) {
  play({.start_offset = milliseconds(4000), .repeat_times = 2});
  const Samples heard = hear(20);
  EXPECT_NEAR(static_cast<double>(heard.size()), 48000, 160);
  EXPECT_EQ(pitch(part(heard, 0, 0.9)), 1200);
  EXPECT_EQ(pitch(part(heard, 1, 1.9)), 400);
}

TEST_F(RenderingTest, AnOffsetBeyondTheEndLeavesNothing) {
  play({.start_offset = milliseconds(60000)});
  EXPECT_LE(hear(20).size(), 160U);
  EXPECT_FALSE(going);
}

TEST_F(RenderingTest, RepeatsAsOftenAsAskedWithSilenceBetween) {
  play({.repeat_interval = milliseconds(1500), .repeat_times = 3});
  const Samples heard = hear(60);
  EXPECT_NEAR(static_cast<double>(heard.size()), 3 * 40000 + 2 * 12000, 160);
  const Samples gap(heard.begin() + 40000, heard.begin() + 52000);
  EXPECT_EQ(gap, Samples(12000));
  EXPECT_EQ(pitch(part(heard, 6.5, 7.4)), 400);
  EXPECT_EQ(pitch(part(heard, 17.1, 17.9)), 1200);
}

TEST_F(RenderingTest, RepeatsForEverForZero) {
  play({.repeat_times = 0});
  const Samples heard = hear(63);
  EXPECT_TRUE(going);
  EXPECT_EQ(pitch(part(heard, 60.1, 60.9)), 400);
}

TEST_F(RenderingTest, NothingRepeatedForEverEnds) {
  write_audio(scale_file, {}, 8000);
  play({.repeat_times = 0});
  hear(1);
  EXPECT_FALSE(going);
}

TEST_F(RenderingTest, SeeksFromThePlayMarkerNotFromWhatIsBuffered) {
  play({});
  hear(0.5);
  seek(2000);  // 2.5 s: 800 Hz for half a second, then 1000 Hz
  const Samples heard = hear(1);
  EXPECT_EQ(pitch(part(heard, 0.05, 0.45)), 800);
  EXPECT_EQ(pitch(part(heard, 0.55, 0.95)), 1000);
  seek(-3000);  // 3.5 - 3
  EXPECT_EQ(pitch(part(hear(0.4), 0.05, 0.4)), 400);
  EXPECT_EQ(rendering->feed().late(), 0U);
}

TEST_F(RenderingTest, SeeksNoFurtherThanToTheEnds) {
  play({});
  hear(1.5);
  seek(-60000);
  const Samples heard = hear(1.5);
  EXPECT_EQ(pitch(part(heard, 0.05, 0.95)), 400);
  seek(60000);
  hear(1);
  EXPECT_FALSE(going);
}

TEST_F(RenderingTest, SeveralSeeksAddUpAlsoWithoutAReadBetween) {
  play({});
  hear(0.5);
  for (int i = 0; i < 3; ++i) seek(1000);
  EXPECT_EQ(pitch(part(hear(0.5), 0.05, 0.45)), 1000);
}

TEST_F(RenderingTest, ASeekBackFromTheIntervalStaysInItsRepetition) {
  play({.repeat_interval = milliseconds(5000), .repeat_times = 2});
  hear(7);
  seek(-1000);  // from the end of the first: 4 s
  const Samples heard = hear(20);
  EXPECT_EQ(pitch(part(heard, 0.05, 0.95)), 1200);
  EXPECT_NEAR(static_cast<double>(heard.size()), 8000 + 40000 + 40000, 320);
}

TEST_F(RenderingTest, FasterIsShorterAtTheSamePitch) {
  play({});
  hear(0.5);
  change_speed(5);  // 1.5: the 4.5 s that are left take 3
  const Samples heard = hear(20);
  EXPECT_NEAR(static_cast<double>(heard.size()) / 8000, 3, 0.05);
  EXPECT_EQ(pitch(part(heard, 0.05, 0.3)), 400);
  EXPECT_EQ(pitch(part(heard, 0.45, 0.9)), 600);
  EXPECT_EQ(pitch(part(heard, 2.5, 2.9)), 1200);
}

TEST_F(RenderingTest, SlowerIsLongerAndTheMarkerFollows) {
  play({});
  change_speed(-30);  // no slower than 0.5
  const Samples heard = hear(3);
  EXPECT_EQ(pitch(part(heard, 0.1, 1.8)), 400);
  EXPECT_EQ(pitch(part(heard, 2.2, 2.9)), 600);
  seek(1000);  // from 1.5 s
  EXPECT_EQ(pitch(part(hear(0.8), 0.1, 0.8)), 800);
  change_speed(5);
  EXPECT_EQ(pitch(part(hear(0.06), 0, 0.06)), 800);
  EXPECT_NEAR(static_cast<double>(hear(20).size()) / 8000, 5 - 2.5 - 0.4 - 0.06, 0.05);
}

TEST_F(RenderingTest, NoFasterThanDouble) {
  play({});
  change_speed(100);
  EXPECT_NEAR(static_cast<double>(hear(20).size()) / 8000, 2.5, 0.05);
}

TEST_F(RenderingTest, IntervalsKeepTheirLengthAtAnySpeed) {
  play({.repeat_interval = milliseconds(2000), .repeat_times = 2});
  change_speed(10);
  EXPECT_NEAR(static_cast<double>(hear(20).size()) / 8000, 2.5 + 2 + 2.5, 0.1);
}

}  // namespace
