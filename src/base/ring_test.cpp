#include "base/ring.hpp"

#include <array>
#include <gtest/gtest.h>
#include <thread>

namespace {

TEST(Ring, TakesAllOrNothing) {
  base::Ring<int> ring(4);
  const std::array<int, 3> three = {1, 2, 3};
  EXPECT_TRUE(ring.push(three));
  EXPECT_FALSE(ring.push(three));
  EXPECT_EQ(ring.size(), 3U);
  EXPECT_EQ(ring.free(), 1U);
  std::array<int, 8> out{};
  EXPECT_EQ(ring.peek(out), 3U);
  EXPECT_EQ(ring.pop(out), 3U);
  EXPECT_EQ(out[2], 3);
  EXPECT_EQ(ring.size(), 0U);
}

TEST(Ring, CarriesEverythingInOrderBetweenTwoThreads) {
  base::Ring<int> ring(64);
  constexpr int kCount = 200000;
  std::thread producer([&] {
    for (int i = 0; i < kCount;) {
      if (ring.push(i)) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  int next = 0;
  std::array<int, 16> out{};
  while (next < kCount) {
    const std::size_t count = ring.pop(out);
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(out[i], next++);
    if (count == 0) std::this_thread::yield();
  }
  producer.join();
}

}  // namespace
