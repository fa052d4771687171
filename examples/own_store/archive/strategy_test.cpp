// Becomes a part of the server's storage_test; every strategy should pass the same three.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/stores/item_for_test.hpp"

namespace {

using namespace storage;

TEST(ArchiveStrategy, StoresWhatItIsGivenSoThatTarFindsItAndOnceHoweverOftenItIsAsked) {
  const storage::testing::Spooled disk;
  const std::atomic<bool> go_on{false};
  const auto folder = (disk.root / "tapes").string();
  const auto store = storage::testing::opened({{"strategy", "archive"}, {"directory", folder}});
  const Item one = disk.item("one");
  const Item two = disk.item(std::string(5000, '2'), "20261123T002318Z-c1-r2");
  for (int i = 0; i < 2; ++i) {
    const auto receipt = store->store(one, go_on);
    ASSERT_TRUE(receipt) << receipt.error().text;
    EXPECT_EQ(receipt->uri, "file:" + folder + "/2026-11-23.tar#20261123T002318Z-c1-r1.mp3");
    ASSERT_TRUE(store->store(two, go_on));
  }
  const std::string list = disk.root / "list";
  ASSERT_EQ(
      std::system(("cd " + folder + " && tar xf 2026-11-23.tar && tar tf 2026-11-23.tar | wc -l > " + list).c_str()),
      0);
  EXPECT_EQ(disk.content(list), "4\n");
  EXPECT_EQ(disk.content(folder + "/" + two.pieces[0].name), std::string(5000, '2'));
}

TEST(ArchiveStrategy, NeedsADirectory) {
  EXPECT_EQ(storage::testing::refusal({{"strategy", "archive"}}), "directory: expected an absolute path");
}

}  // namespace
