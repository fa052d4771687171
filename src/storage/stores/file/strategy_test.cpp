#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "storage/stores/item_for_test.hpp"

namespace {

namespace fs = std::filesystem;
using namespace storage;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::atomic<bool> kGoOn{false};

class FileStrategyTest : public ::testing::Test {
 protected:
  nlohmann::json settings() const { return {{"strategy", "file"}, {"directory", (disk.root / "kept").string()}}; }

  storage::testing::Spooled disk;
};

TEST_F(FileStrategyTest, PutsARecordingAndItsSidecarIntoTheFolderOfTheirDay) {
  const auto store = storage::testing::opened(settings());
  const Item item = disk.item("audio");
  const auto receipt = store->store(item, kGoOn);
  ASSERT_TRUE(receipt) << receipt.error().text;
  const fs::path folder = disk.root / "kept" / "2026-11-23";
  EXPECT_EQ(receipt->uri, "file:" + (folder / "20261123T002318Z-c1-r1.mp3").string());
  EXPECT_EQ(receipt->uri, store->expected_uri(item));
  EXPECT_EQ(disk.content(folder / "20261123T002318Z-c1-r1.mp3"), "audio");
  EXPECT_THAT(disk.content(folder / "20261123T002318Z-c1-r1.json"), HasSubstr("r1.mp3"));
}

TEST_F(FileStrategyTest, DoingItAgainLeavesOneCopy) {
  const auto store = storage::testing::opened(settings());
  const Item item = disk.item("audio");
  const auto first = store->store(item, kGoOn);
  const auto second = store->store(item, kGoOn);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->uri, second->uri);
  EXPECT_EQ(std::distance(fs::directory_iterator(disk.root / "kept" / "2026-11-23"), {}), 2);
}

TEST_F(FileStrategyTest, DoingItAgainWhereTheFirstWasACopyLeavesOneCopy) {
  const auto store = storage::testing::opened(settings());
  const Item item = disk.item("audio");
  fs::create_directories(disk.root / "kept" / "2026-11-23");
  std::ofstream(disk.root / "kept" / "2026-11-23" / item.pieces[0].name) << "audio";  // another inode
  ASSERT_TRUE(store->store(item, kGoOn));
  EXPECT_EQ(std::distance(fs::directory_iterator(disk.root / "kept" / "2026-11-23"), {}), 2);
}

TEST_F(FileStrategyTest, NeverReplacesAnotherFile) {
  const auto store = storage::testing::opened(settings());
  const Item item = disk.item("audio");
  fs::create_directories(disk.root / "kept" / "2026-11-23");
  std::ofstream(disk.root / "kept" / "2026-11-23" / item.pieces[0].name) << "other";
  const auto receipt = store->store(item, kGoOn);
  ASSERT_TRUE(receipt);
  EXPECT_THAT(receipt->uri, ::testing::EndsWith("/20261123T002318Z-c1-r1-2.mp3"));
  EXPECT_EQ(disk.content(disk.root / "kept" / "2026-11-23" / item.pieces[0].name), "other");
}

TEST_F(FileStrategyTest, WhatPartiesSayNeverLeadsOutOfTheRoot) {
  auto with_path = settings();
  with_path["path"] = "{account}/{to}/{from}-{name}";
  with_path["public-url"] = "https://rec.example/a/";
  const auto store = storage::testing::opened(with_path);
  Item item = disk.item("audio");
  item.about.account = "..";
  const auto receipt = store->store(item, kGoOn);
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->uri, "https://rec.example/a/__/sip_______bob/sip_alice_example_com-20261123T002318Z-c1-r1.mp3");
  EXPECT_TRUE(fs::exists(disk.root / "kept/__/sip_______bob/sip_alice_example_com-20261123T002318Z-c1-r1.mp3"));
}

TEST_F(FileStrategyTest, GivesFilesTheModeThatIsConfigured) {
  auto with_mode = settings();
  with_mode["mode"] = "0604";
  const Item item = disk.item("audio");
  ASSERT_TRUE(storage::testing::opened(with_mode)->store(item, kGoOn));
  struct stat status {};
  ASSERT_EQ(::stat((disk.root / "kept" / "2026-11-23" / item.pieces[0].name).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0604U);
}

TEST_F(FileStrategyTest, CopiesToAnotherFileSystemAndLeavesNoDraft) {
  const fs::path other = "/dev/shm/telegraphone-" + disk.root.filename().string();
  struct stat here {};
  struct stat there {};
  if (::stat("/dev/shm", &there) != 0 || ::stat(disk.root.c_str(), &here) != 0 || here.st_dev == there.st_dev) {
    GTEST_SKIP() << "/dev/shm is no file system of its own";
  }
  auto elsewhere = settings();
  elsewhere["directory"] = other.string();
  const auto store = storage::testing::opened(elsewhere);
  const Item item = disk.item(std::string(700'000, 'a'));
  const auto first = store->store(item, kGoOn);
  const auto second = store->store(item, kGoOn);
  EXPECT_TRUE(first && second);
  EXPECT_EQ(disk.content(other / "2026-11-23" / item.pieces[0].name), std::string(700'000, 'a'));
  EXPECT_EQ(std::distance(fs::directory_iterator(other / "2026-11-23"), {}), 2);
  // What changed after its checksum was taken is not delivered as if it had not.
  Item changed = disk.item("one", "20261123T002318Z-c1-r2");
  std::ofstream(changed.pieces[0].path) << "two";
  const auto refused = store->store(changed, kGoOn);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("its checksum differs"));
  fs::remove_all(other);
}

TEST_F(FileStrategyTest, RefusesSettingsThatWouldLoseRecordings) {
  const auto with = [&](const char* key, const nlohmann::json& value) {
    auto changed = settings();
    changed[key] = value;
    return storage::testing::refusal(changed);
  };
  EXPECT_EQ(with("directory", "kept"), "directory: expected an absolute path");
  EXPECT_THAT(with("path", "{date}"), HasSubstr("recordings could replace each other"));
  EXPECT_THAT(with("path", "../{name}"), HasSubstr("not a path of plain segments"));
  EXPECT_THAT(with("path", "/{name}"), HasSubstr("not a path of plain segments"));
  EXPECT_THAT(with("path", "{caller}/{name}"), HasSubstr("{caller} is not known"));
  EXPECT_THAT(with("mode", "0777"), StartsWith("mode: "));
  EXPECT_EQ(with("colour", "red"), "colour: no setting of this store");
  EXPECT_THAT(with("strategy", "tape"), StartsWith("strategy: 'tape' is none of "));
}

TEST_F(FileStrategyTest, DeletesARecordingAndWhatBelongsToIt) {
  auto with = settings();
  with["path"] = "{ext}/{name}";
  with["public-url"] = "https://listen.example/r";
  const auto store = storage::testing::opened(with);
  const Item item = disk.item("audio");
  const Item other = disk.item("audio", "20261123T002318Z-c1-other");
  fs::create_directories(disk.root / "kept" / "json");
  std::ofstream(disk.root / "kept" / "json" / item.pieces[1].name) << "somebody else's";
  const auto receipt = store->store(item, kGoOn);
  ASSERT_TRUE(receipt && store->store(other, kGoOn));
  for (int again = 0; again < 2; ++again) {
    const auto removed = store->remove(item, receipt->uri, kGoOn);
    EXPECT_TRUE(removed) << removed.error().text;
  }
  EXPECT_FALSE(fs::exists(receipt->file));
  EXPECT_TRUE(fs::exists(disk.root / "kept" / "mp3" / other.pieces[0].name));
  EXPECT_FALSE(fs::exists(disk.root / "kept" / "json" / "20261123T002318Z-c1-r1-2.json"));
  EXPECT_EQ(disk.content(disk.root / "kept" / "json" / item.pieces[1].name), "somebody else's");
}

TEST_F(FileStrategyTest, DeletesNothingThatIsNotTheRecordings) {
  const auto store = storage::testing::opened(settings());
  const Item item = disk.item("audio");
  std::ofstream(disk.root / "other.mp3") << "other";
  for (const std::string& uri : {"file:" + (disk.root / "other.mp3").string(), std::string("https://listen.example/x"),
                                 "file:" + (disk.root / item.about.id / ".." / "other.mp3").string()}) {
    const auto refused = store->remove(item, uri, kGoOn);
    ASSERT_FALSE(refused) << uri;
    EXPECT_EQ(refused.error().kind, base::Kind::conflict);
  }
  EXPECT_TRUE(fs::exists(disk.root / "other.mp3"));
}

}  // namespace
