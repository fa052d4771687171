#include "base/mailbox.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <thread>
#include <vector>

namespace {

TEST(Mailbox, KeepsTheOrderOfOneProducer) {
  base::Mailbox<int> mailbox;
  for (int i = 0; i < 100; ++i) mailbox.post(i);
  std::vector<int> got;
  EXPECT_EQ(mailbox.drain([&](int&& i) { got.push_back(i); }), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], i);
  EXPECT_TRUE(mailbox.empty());
}

TEST(Mailbox, WakesItsOwnerOnlyWhenItWasEmpty) {
  int woken = 0;
  base::Mailbox<int> mailbox([&] { ++woken; });
  mailbox.post(1);
  mailbox.post(2);
  EXPECT_EQ(woken, 1);
  mailbox.drain([](int&&) {});
  mailbox.post(3);
  EXPECT_EQ(woken, 2);
}

TEST(Mailbox, FreesWhatNobodyTook) {
  auto watched = std::make_shared<int>(1);
  {
    base::Mailbox<std::shared_ptr<int>> mailbox;
    mailbox.post(watched);
    EXPECT_EQ(watched.use_count(), 2);
  }
  EXPECT_EQ(watched.use_count(), 1);
}

TEST(Mailbox, LosesNothingOfManyProducers) {
  base::Mailbox<int> mailbox;
  std::vector<std::thread> producers;
  for (int p = 0; p < 4; ++p) {
    producers.emplace_back([&mailbox, p] {
      for (int i = 0; i < 10000; ++i) mailbox.post(p * 10000 + i);
    });
  }
  std::vector<int> last(4, -1);
  std::size_t count = 0;
  while (count < 40000) {
    count += mailbox.drain([&](int&& value) {
      const auto producer = static_cast<std::size_t>(value / 10000);
      EXPECT_GT(value % 10000, last[producer]);
      last[producer] = value % 10000;
    });
  }
  for (auto& thread : producers) thread.join();
  EXPECT_EQ(count, 40000U);
}

}  // namespace
