#include "record/alignment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace record;
using namespace std::chrono_literals;
using ::testing::ElementsAre;

// So much audio, a pause that is not in the file, so much audio, …
SpanMap recorded(std::uint32_t rate, const std::vector<std::uint64_t>& lengths) {
  SpanMap map(rate);
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    i % 2 == 0 ? map.add(Kind::received, lengths[i]) : map.skip(Kind::paused, lengths[i]);
  }
  return map;
}

Visit visit(std::chrono::nanoseconds start, SpanMap map) {
  Visit visit;
  visit.start = base::Time() + 1h + start;
  visit.map = std::move(map);
  return visit;
}

template <class... Visits>
Aligned aligned(const SpanMap& main, std::uint32_t rate, std::uint64_t samples, Visits... visits) {
  Attendance attendance;
  (attendance.visits.push_back(std::move(visits)), ...);
  return align(attendance, stretches(main, 0ns, rate), base::Time() + 1h, rate, samples);
}

TEST(Stretches, LieWhereTheirAudioWasInTimeAndInTheFile) {
  EXPECT_THAT(stretches(recorded(8000, {800}), 0ns, 8000), ElementsAre(Stretch{0, 0, 800}));
  EXPECT_THAT(stretches(recorded(8000, {800, 1600, 400}), 100ms, 8000),
              ElementsAre(Stretch{800, 0, 800}, Stretch{3200, 800, 400}));
  EXPECT_THAT(stretches(recorded(8000, {800, 1600, 400}), -100ms, 16000),
              ElementsAre(Stretch{-1600, 0, 1600}, Stretch{3200, 1600, 800}));
}

TEST(Stretches, AreNoneWhereNothingWasRecorded) {
  EXPECT_TRUE(stretches(recorded(8000, {}), 0ns, 8000).empty());
  EXPECT_TRUE(stretches(recorded(8000, {0, 500}), 0ns, 8000).empty());
  EXPECT_THAT(stretches(recorded(8000, {0, 500, 10}), 0ns, 8000), ElementsAre(Stretch{500, 0, 10}));
}

TEST(Stretches, DoNotAddUpWhatTheyAreRoundedBy) {
  SpanMap map(8000);
  for (int i = 0; i < 10000; ++i) {  // 5.5125 samples of 44.1 kHz each
    map.add(Kind::received, 1);
    map.skip(Kind::paused, 7);
  }
  const auto all = stretches(map, 0ns, 44100);
  EXPECT_NEAR(static_cast<double>(all.back().time), 9999 * 8 * 5.5125, 0.5);
  EXPECT_EQ(all.back().at + all.back().length, 55125U);
}

TEST(Stretches, AreExactYearsLater) {
  const auto year = std::chrono::hours(24 * 365);
  EXPECT_THAT(stretches(recorded(48000, {48000}), year + 1s, 48000),
              ElementsAre(Stretch{std::int64_t{year / 1s + 1} * 48000, 0, 48000}));
}

TEST(Copies, AreWhatBothHave) {
  const std::vector<Stretch> file = {{0, 0, 100}, {200, 100, 100}};
  EXPECT_THAT(copies(file, std::vector<Stretch>{{50, 0, 1000}}), ElementsAre(Copy{0, 50, 50}, Copy{150, 100, 100}));
  EXPECT_THAT(copies(file, std::vector<Stretch>{{-30, 0, 40}, {190, 40, 20}}),
              ElementsAre(Copy{30, 0, 10}, Copy{50, 100, 10}));
  EXPECT_TRUE(copies(file, std::vector<Stretch>{{100, 0, 100}}).empty()) << "while paused";
  EXPECT_TRUE(copies(file, std::vector<Stretch>{{300, 0, 100}}).empty());
  EXPECT_TRUE(copies(file, {}).empty());
}

TEST(Alignment, IsSilentBeforeAndBehindEachVisit) {
  SpanMap talked = recorded(8000, {100});
  talked.add(Kind::lost, 60);
  const Aligned one =
      aligned(recorded(8000, {8000}), 8000, 8000, visit(100ms, talked), visit(200ms, recorded(8000, {400})));
  EXPECT_THAT(one.copies, ElementsAre(ElementsAre(Copy{0, 800, 160}), ElementsAre(Copy{0, 1600, 400})));
  EXPECT_THAT(one.map.spans(), ElementsAre(Span{Kind::absent, 0, 800, 0}, Span{Kind::lost, 900, 60, 0},
                                           Span{Kind::absent, 960, 640, 0}, Span{Kind::absent, 2000, 6000, 0}));
  EXPECT_EQ(one.map.samples(), 8000U);
  ASSERT_EQ(one.present.size(), 2U);
  EXPECT_EQ(one.present[0].at, 800U);
  EXPECT_EQ(one.present[0].length, 160U);
  EXPECT_EQ(one.present[1].at, 1600U);
  EXPECT_EQ(one.present[1].length, 400U);
}

TEST(Alignment, LeavesOutWhatWasSaidBeforeTheRecordingBeganWhilePausedAndAfterItsEnd) {
  const Aligned one = aligned(recorded(8000, {800, 800, 800}), 8000, 1600, visit(-50ms, recorded(16000, {160000})));
  EXPECT_THAT(one.copies, ElementsAre(ElementsAre(Copy{400, 0, 800}, Copy{2000, 800, 800})));
  EXPECT_TRUE(one.map.spans().empty());
  ASSERT_EQ(one.present.size(), 1U) << "there all the time";
  EXPECT_EQ(one.present[0].length, 1600U);
}

TEST(Alignment, TakesAPauseOfItsOwnAsOne) {
  // Paused a sample before the recording, resumed one after.
  const Aligned one = aligned(recorded(8000, {800, 800, 800}), 8000, 1600, visit(0ms, recorded(8000, {799, 802, 799})));
  EXPECT_THAT(one.map.spans(), ElementsAre(Span{Kind::paused, 799, 2, 0}));
  EXPECT_EQ(one.present.size(), 1U);
}

TEST(Alignment, PutsNothingWhereSomethingIsAlready) {
  const Aligned one = aligned(recorded(8000, {8000}), 8000, 8000, visit(0ms, recorded(8000, {900})),
                              visit(100ms, recorded(8000, {400})));
  EXPECT_THAT(one.copies, ElementsAre(ElementsAre(Copy{0, 0, 900}), ElementsAre(Copy{100, 900, 300})));
}

TEST(Alignment, KeepsToTheLengthOfTheFile) {
  const Aligned one = aligned(recorded(8000, {8000}), 8000, 7990, visit(0ms, recorded(8000, {8000})));
  EXPECT_THAT(one.copies, ElementsAre(ElementsAre(Copy{0, 0, 7990})));
  EXPECT_EQ(one.map.samples(), 7990U);
}

TEST(Alignment, OfOneWhoWasNeverThereIsSilence) {
  const Aligned one = aligned(recorded(8000, {800}), 48000, 4800);
  EXPECT_THAT(one.map.spans(), ElementsAre(Span{Kind::absent, 0, 4800, 0}));
  EXPECT_TRUE(one.present.empty());
}

}  // namespace
