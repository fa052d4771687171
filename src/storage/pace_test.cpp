#include "storage/pace.hpp"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using storage::Pace;

constexpr base::Time kNow = base::Time(1000s);

TEST(PaceTest, LetsTheFirstGoAndTheOthersWaitForTheirTurn) {
  Pace pace;
  EXPECT_EQ(pace.take(500, 1000, kNow), 0ms);
  EXPECT_EQ(pace.take(250, 1000, kNow), 500ms);
  EXPECT_EQ(pace.take(250, 1000, kNow + 100ms), 650ms);
  EXPECT_EQ(pace.take(1, 1000, kNow + 1s), 0ms);
}

TEST(PaceTest, DoesNotMakeUpForTimeInWhichNothingWasSent) {
  Pace pace;
  EXPECT_EQ(pace.take(1000, 1000, kNow), 0ms);
  EXPECT_EQ(pace.take(1000, 1000, kNow + 100s), 0ms);
  EXPECT_EQ(pace.take(1000, 1000, kNow + 100s), 1s);
}

TEST(PaceTest, GivesManyThreadsTogetherNoMoreThanTheLimit) {
  Pace pace;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 1000; ++turn) pace.take(10, 1000, kNow);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pace.take(10, 1000, kNow), 40s) << "4 times 1,000 times 10 bytes at 1,000 a second";
}

}  // namespace
