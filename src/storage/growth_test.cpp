#include "storage/growth.hpp"

#include <gtest/gtest.h>

#include "storage/stores/item_for_test.hpp"

namespace {

using namespace storage;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::uint64_t kMegabyte = 1 << 20;

class GrowthTest : public ::testing::Test {
 protected:
  void add(const std::string& id, const std::string& store = "main") {
    const std::string name = id + ".mp3";
    const fs::path path = disk.root / (name + ".part");
    std::ofstream(path) << "";
    Growing growing;
    growing.about.id = id;
    growing.piece = {path, name, 0, "", "audio/mpeg"};
    growth.add(growing, store, kMegabyte, now);
  }
  void resize(const std::string& id, std::uint64_t size) { fs::resize_file(disk.root / (id + ".mp3.part"), size); }
  // The id of what is due, "" for none.
  std::string taken() {
    const auto job = growth.take(now);
    return job ? job->growing.about.id : "";
  }

  storage::testing::Spooled disk;
  Growth growth{{}};
  WallTime now = std::chrono::system_clock::from_time_t(1795393398);
};

TEST_F(GrowthTest, GivesWhatIsFinalAPortionAtATime) {
  add("r1");
  resize("r1", 3 * kMegabyte);
  EXPECT_EQ(taken(), "") << "it is looked at every ten seconds";
  now += 10s;
  const auto job = growth.take(now);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->store, "main");
  EXPECT_EQ(job->growing.piece.size, 3 * kMegabyte - (128U << 10U)) << "its end may change";
  EXPECT_EQ(taken(), "") << "it is busy";
  growth.done("r1", true, now);
  EXPECT_EQ(taken(), "r1") << "there was more";
  growth.done("r1", false, now);
  now += 10s;
  EXPECT_EQ(taken(), "") << "no portion more is there";
  resize("r1", 3 * kMegabyte + (128U << 10U));
  EXPECT_EQ(growth.next_due(), now + 10s);
  now += 10s;
  EXPECT_EQ(taken(), "r1");
}

TEST_F(GrowthTest, LeavesARecordingThatIsShort) {
  add("r1");
  resize("r1", 2 * kMegabyte + 1000);
  now += 10s;
  EXPECT_EQ(taken(), "") << "the end of its second portion is not final";
}

TEST_F(GrowthTest, AsksAStoreThatFailsLessAndLess) {
  add("r1");
  add("r2");
  add("r3", "other");
  for (const char* id : {"r1", "r2", "r3"}) resize(id, 9 * kMegabyte);
  now += 10s;
  EXPECT_EQ(taken(), "r1");
  growth.done("r1", base::Error{base::Kind::unavailable, "away"}, now);
  EXPECT_EQ(taken(), "r3") << "another store does not wait for it";
  growth.done("r3", false, now);
  now += 10s;
  EXPECT_EQ(taken(), "r1");
  growth.done("r1", base::Error{base::Kind::unavailable, "away"}, now);
  now += 10s;
  EXPECT_EQ(taken(), "");
  now += 10s;
  EXPECT_EQ(taken(), "r1");
  growth.done("r1", false, now);
  EXPECT_EQ(taken(), "r2") << "it works again";
}

TEST_F(GrowthTest, ForgetsWhatWasSubmittedOrIsGone) {
  add("r1");
  add("r2");
  resize("r1", 9 * kMegabyte);
  resize("r2", 9 * kMegabyte);
  now += 10s;
  EXPECT_EQ(taken(), "r1");
  growth.end("r1");
  EXPECT_TRUE(growth.is_busy("r1")) << "until the upload that is under way has ended";
  EXPECT_TRUE(growth.holds("r1.mp3"));
  growth.done("r1", true, now);
  EXPECT_FALSE(growth.knows("r1"));
  fs::remove(disk.root / "r2.mp3.part");
  EXPECT_EQ(taken(), "");
  EXPECT_FALSE(growth.knows("r2"));
  EXPECT_FALSE(growth.next_due());
}

}  // namespace
