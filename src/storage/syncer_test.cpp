#include "storage/syncer.hpp"

#include <gtest/gtest.h>
#include <thread>

namespace {

using namespace std::chrono_literals;

// The kernel's part cannot be seen from here: tests/faults has a disk that forgets.
template <class Done>
bool comes_true(Done done) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!done() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  return done();
}

TEST(SyncerTest, SyncsOnceForAllThatWasTouched) {
  storage::Syncer syncer(std::filesystem::temp_directory_path(), 1ms);
  ASSERT_TRUE(syncer.start());
  syncer.touch();
  syncer.touch();
  EXPECT_TRUE(comes_true([&] { return syncer.counts().syncs >= 1; }));
  syncer.stop();
  EXPECT_EQ(syncer.counts().syncs, 1U);
  EXPECT_EQ(syncer.counts().failed, 0U);
}

TEST(SyncerTest, SaysWhichFolderIsMissing) {
  storage::Syncer syncer("/nowhere/at/all", 1ms);
  const auto started = syncer.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().text, "open /nowhere/at/all: No such file or directory");
}

}  // namespace
