#include "record/span_map.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using record::Kind;
using record::Span;
using record::SpanMap;
using ::testing::ElementsAre;

TEST(SpanMap, RemembersOnlyWhatIsNotPlainAudioAndMergesNeighbours) {
  SpanMap map(8000);
  for (int i = 0; i < 3; ++i) map.add(Kind::received, 160);
  map.add(Kind::repaired, 100);
  map.add(Kind::repaired, 60);
  map.add(Kind::silent, 160);
  map.add(Kind::received, 160);
  map.add(Kind::silent, 160);
  EXPECT_EQ(map.samples(), 1120U);
  EXPECT_THAT(map.spans(), ElementsAre(Span{Kind::repaired, 480, 160, 0}, Span{Kind::silent, 640, 160, 0},
                                       Span{Kind::silent, 960, 160, 0}));
}

TEST(SpanMap, KeepsWhatIsNotInTheFileInItsPlace) {
  SpanMap map(8000);
  map.add(Kind::silent, 100);
  map.skip(Kind::paused, 8000);
  map.skip(Kind::paused, 1000);
  map.add(Kind::silent, 50);
  map.add(Kind::paused, 30);  // a pause of another mode is another span
  EXPECT_EQ(map.samples(), 180U);
  EXPECT_THAT(map.spans(), ElementsAre(Span{Kind::silent, 0, 100, 0}, Span{Kind::paused, 100, 0, 9000},
                                       Span{Kind::silent, 100, 50, 0}, Span{Kind::paused, 150, 30, 0}));
}

TEST(SpanMap, CallsTheEndOfASilenceSomethingElse) {
  SpanMap map(8000);
  map.add(Kind::silent, 500);
  map.add(Kind::received, 100);
  map.add(Kind::lost, 40);
  map.add(Kind::silent, 300);
  map.relabel(Kind::lost, 200);
  EXPECT_THAT(map.spans(), ElementsAre(Span{Kind::silent, 0, 500, 0}, Span{Kind::lost, 600, 40, 0},
                                       Span{Kind::silent, 640, 100, 0}, Span{Kind::lost, 740, 200, 0}));
  map.relabel(Kind::lost, 100);
  EXPECT_THAT(map.spans(), ElementsAre(Span{Kind::silent, 0, 500, 0}, Span{Kind::lost, 600, 340, 0}));
  map.add(Kind::lost, 10);
  EXPECT_EQ(map.spans().back().length, 350U) << "and goes on from there";
}

TEST(SpanMap, FindsASilenceAgainBehindAPause) {
  SpanMap map(8000);
  map.add(Kind::silent, 100);
  map.skip(Kind::paused, 8000);
  map.add(Kind::silent, 100);
  map.relabel(Kind::lost, 150);
  EXPECT_THAT(map.spans(), ElementsAre(Span{Kind::silent, 0, 50, 0}, Span{Kind::lost, 50, 50, 0},
                                       Span{Kind::paused, 100, 0, 8000}, Span{Kind::lost, 100, 100, 0}));
  map.relabel(Kind::lost, 1'000'000);
  EXPECT_THAT(map.spans(), ElementsAre(Span{Kind::lost, 0, 100, 0}, Span{Kind::paused, 100, 0, 8000},
                                       Span{Kind::lost, 100, 100, 0}));
}

TEST(SpanMap, GoesOnAtAnotherRateWithoutHolesOrOverlaps) {
  SpanMap map(8000);
  map.add(Kind::received, 1);
  map.add(Kind::lost, 1);
  map.add(Kind::silent, 1);
  map.skip(Kind::paused, 80);
  map.change_rate(11025);
  map.add(Kind::silent, 5);
  EXPECT_THAT(map.spans(), ElementsAre(Span{Kind::lost, 1, 2, 0}, Span{Kind::silent, 3, 1, 0},
                                       Span{Kind::paused, 4, 0, 110}, Span{Kind::silent, 4, 5, 0}));
  EXPECT_EQ(map.samples(), 9U);
  // Ten years at 48 kHz still fit.
  SpanMap old(44100);
  constexpr std::uint64_t kTenYears = std::uint64_t{10} * 366 * 24 * 3600;
  old.add(Kind::held, kTenYears * 44100);
  old.change_rate(48000);
  EXPECT_EQ(old.spans()[0].length, kTenYears * 48000);
}

TEST(SpanMap, IsCutToWhatTheFileHolds) {
  SpanMap map(8000);
  map.add(Kind::lost, 100);
  map.add(Kind::received, 100);
  map.add(Kind::silent, 100);
  map.add(Kind::held, 100);
  map.cut(250);
  EXPECT_EQ(map.samples(), 250U);
  EXPECT_THAT(map.spans(), ElementsAre(Span{Kind::lost, 0, 100, 0}, Span{Kind::silent, 200, 50, 0}));
}

TEST(SpanMap, SaysSoWhenItCannotRememberAll) {
  SpanMap map(8000);
  for (std::size_t i = 0; i < SpanMap::kMost; ++i) {
    map.add(Kind::lost, 1);
    map.add(Kind::received, 1);
  }
  EXPECT_TRUE(map.is_complete());
  map.add(Kind::lost, 1);
  EXPECT_FALSE(map.is_complete());
  EXPECT_EQ(map.spans().size(), SpanMap::kMost);
  EXPECT_EQ(map.samples(), 2 * SpanMap::kMost + 1);
}

TEST(SpanMap, GoesOnWithAPieceOfAnother) {
  SpanMap other(8000);
  other.add(Kind::lost, 100);
  other.add(Kind::received, 100);
  other.skip(Kind::paused, 5000);
  other.add(Kind::silent, 100);
  SpanMap map(8000);
  map.add(Kind::absent, 10);
  map.append(other, 50, 200);
  map.append(other, 110, 20);
  map.append(other, 300, 0);
  EXPECT_EQ(map.samples(), 230U);
  EXPECT_THAT(map.spans(),
              ElementsAre(Span{Kind::absent, 0, 10, 0}, Span{Kind::lost, 10, 50, 0}, Span{Kind::silent, 160, 50, 0}));
}

TEST(SpanMap, KnowsOfAllThatWasSkippedEvenWhereThereIsTooMuchToRemember) {
  SpanMap map(8000);
  for (std::size_t i = 0; i < SpanMap::kMost; ++i) {
    map.add(Kind::received, 1);
    map.add(Kind::lost, 1);
  }
  map.add(Kind::received, 1);
  map.skip(Kind::paused, 8000);
  EXPECT_FALSE(map.is_complete());
  map.change_rate(16000);
  EXPECT_THAT(map.skips(), ElementsAre(Span{Kind::paused, 4 * SpanMap::kMost + 2, 0, 16000}));
}

}  // namespace
