#include "app/removal.hpp"

#include <gtest/gtest.h>

#include "catalogue/folder_for_test.hpp"

namespace app {
namespace {

using catalogue::Delivery;
using catalogue::Recording;
using catalogue::testing::Folder;

class RemovalTest : public ::testing::Test {
 protected:
  // A store that writes what it gets to "asked", one line an order, and says yes while there is a file "up".
  storage::Settings store() const {
    const std::string script = "[ -e \"$0/up\" ] || exit 1; cat >> \"$0/asked\"";
    const auto folder = (folder_ / "").string();
    return storage::Settings(
        {{"strategy", "exec"}, {"command", {"sh", "-c", script, folder}}, {"delete", true}, {"timeout", 20}});
  }
  Removal removal() {
    return Removal({{"far", store()}}, [this] { return now_; });
  }
  Recording stored(const std::string& id) const {
    Recording one{.begun = catalogue::testing::begun(id), .ended = catalogue::testing::ended()};
    one.ended.delivery = Delivery::stored;
    one.ended.store = "far";
    one.ended.uri = "far://x/" + id + ".mp3.sealed?v=1";
    one.ended.beside = {{id + ".json", 2, std::string(64, 'b')}};
    return one;
  }
  nlohmann::json asked() const { return nlohmann::json::parse(folder_.read("asked")); }

  Folder folder_;
  base::Time now_{};
};

TEST_F(RemovalTest, TellsTheStoreWhatToDelete) {
  folder_.write("up", "");
  const auto removed = removal().remove(stored("one"));
  ASSERT_TRUE(removed) << removed.error().text;
  const auto order = asked();
  EXPECT_EQ(order["action"], "delete");
  EXPECT_EQ(order["uri"], "far://x/one.mp3.sealed?v=1");
  EXPECT_EQ(order["call"], "call-of-one");
  EXPECT_EQ(order["files"][0]["name"], "one.mp3.sealed");
  EXPECT_EQ(order["files"][1]["name"], "one.json");
}

TEST_F(RemovalTest, RemovesTheCopyOfThisMachineOnceTheStoreHasNoneAnyMore) {
  Recording one = stored("one");
  one.ended.file = folder_.write("recordings/one.mp3", "audio");
  Removal removal = this->removal();
  EXPECT_FALSE(removal.remove(one));
  EXPECT_TRUE(std::filesystem::exists(one.ended.file));
  folder_.write("up", "");
  now_ += std::chrono::hours(1);
  EXPECT_TRUE(removal.remove(one));
  EXPECT_FALSE(std::filesystem::exists(one.ended.file));
}

TEST_F(RemovalTest, AStoreThatIsAwayIsNotAskedForEachRecording) {
  Removal removal = this->removal();
  EXPECT_FALSE(removal.remove(stored("one")));
  folder_.write("up", "");
  const auto refused = removal.remove(stored("two"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text, "far: it did not work a moment ago");
  EXPECT_EQ(folder_.read("asked"), "");
  now_ += std::chrono::minutes(5);
  EXPECT_TRUE(removal.remove(stored("two")));
}

TEST_F(RemovalTest, WhatIsInAStoreThatIsNotConfiguredAnyMoreIsNotCalledDeleted) {
  Recording one = stored("one");
  one.ended.store = "gone";
  const auto refused = removal().remove(one);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text, "there is no store 'gone' any more to delete far://x/one.mp3.sealed?v=1");
  one.ended.uri = "file:/recordings/one.mp3";  // the store "local", which needs no configuration
  one.ended.file = folder_.write("recordings/one.mp3", "audio");
  EXPECT_TRUE(removal().remove(one));
  EXPECT_FALSE(std::filesystem::exists(one.ended.file));
}

TEST_F(RemovalTest, WhatNoStoreHasIsOnlyHere) {
  Recording one = stored("one");
  one.ended.delivery = Delivery::none;
  one.ended.file = folder_.write("recordings/one.mp3", "audio");
  EXPECT_TRUE(removal().remove(one));
  EXPECT_FALSE(std::filesystem::exists(one.ended.file));
}

TEST_F(RemovalTest, NothingIsDoneOnceItIsStopped) {
  folder_.write("up", "");
  Removal stopped({{"far", store()}});
  stopped.stop();
  EXPECT_FALSE(stopped.remove(stored("one")));
  EXPECT_EQ(folder_.read("asked"), "");
}

}  // namespace
}  // namespace app
