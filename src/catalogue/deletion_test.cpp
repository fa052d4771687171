#include "catalogue/deletion.hpp"

#include <gtest/gtest.h>

#include "catalogue/folder_for_test.hpp"

namespace catalogue {
namespace {

using std::chrono::hours;
using testing::begun;
using testing::ended;
using testing::ended_in;
using testing::Folder;
using testing::kNoon;

class DeletionTest : public ::testing::Test {
 protected:
  DeletionTest() : catalogue_(std::move(*Catalogue::open(folder_ / "catalogue.sqlite"))) {}
  void add(const std::string& id, const Ended& end) {
    ASSERT_TRUE(catalogue_.begin(begun(id)));
    ASSERT_TRUE(catalogue_.end(id, end));
  }
  void add_file(const std::string& id) { add(id, ended_in(folder_, id + ".mp3", id)); }
  bool has_file(const std::string& id) { return std::filesystem::exists(folder_ / ("recordings/" + id + ".mp3")); }
  bool is_deleted(const std::string& id) { return find(catalogue_.database(), id)->deleted.has_value(); }
  Sweep swept(const std::vector<RetentionRule>& rules, Instant now) {
    auto result = sweep(catalogue_, {rules}, now);
    EXPECT_TRUE(result);
    return *result;
  }

  Folder folder_;
  Catalogue catalogue_;
};

TEST_F(DeletionTest, RemovesTheFilesAndKeepsWhatWasKnown) {
  Ended end = ended_in(folder_, "one.mp3", "audio");
  end.beside = {{folder_.write("recordings/one.json", "{}"), 2, sha256_of("{}")}};
  add("one", end);
  ASSERT_TRUE(delete_recording(catalogue_, "one", "asked by its owner", kNoon, remove_local_files));
  EXPECT_FALSE(has_file("one"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "recordings/one.json"));
  const auto recording = find(catalogue_.database(), "one");
  ASSERT_TRUE(recording);
  EXPECT_EQ(recording->deleted, kNoon);
  EXPECT_EQ(recording->delete_reason, "asked by its owner");
  EXPECT_EQ(recording->ended.sha256, end.sha256);
  EXPECT_EQ(recording->ended.file, "");
  EXPECT_FALSE(delete_recording(catalogue_, "one", "again", kNoon, remove_local_files));
}

TEST_F(DeletionTest, AHoldForbidsItUntilItIsLetGo) {
  add_file("one");
  ASSERT_TRUE(catalogue_.set_hold("one", "case 4711", kNoon));
  const auto refused = delete_recording(catalogue_, "one", "no", kNoon, remove_local_files);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::Kind::conflict);
  EXPECT_TRUE(has_file("one"));
  EXPECT_FALSE(catalogue_.database().run("UPDATE recordings SET deleting = 1, deleted = 1"));
  ASSERT_TRUE(catalogue_.set_hold("one", std::nullopt, kNoon));
  EXPECT_TRUE(delete_recording(catalogue_, "one", "yes", kNoon, remove_local_files));
  EXPECT_FALSE(has_file("one"));
}

TEST_F(DeletionTest, WhatGrowsIsNotDeleted) {
  ASSERT_TRUE(catalogue_.begin(begun("one")));
  const auto refused = delete_recording(catalogue_, "one", "no", kNoon, remove_local_files);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::Kind::conflict);
}

TEST_F(DeletionTest, TheFirstRuleThatFitsDecides) {
  Recording recording{.begun = begun("one"), .ended = ended()};
  const Instant end = recording.ended.ended;
  EXPECT_FALSE(due(recording, {}));
  EXPECT_EQ(due(recording, {{.keep = hours(24)}}), end + hours(24));
  EXPECT_EQ(due(recording, {{.format = "wav", .keep = hours(1)}, {.keep = hours(24)}}), end + hours(24));
  EXPECT_EQ(due(recording, {{.format = "mp3", .keep = hours(1)}, {.keep = hours(24)}}), end + hours(1));
  EXPECT_FALSE(due(recording, {{.account = "rayo@localhost", .keep = std::nullopt}, {.keep = hours(24)}}));
  EXPECT_EQ(due(recording, {{.party = "alice", .keep = hours(2)}}), end + hours(2));
  EXPECT_FALSE(due(recording, {{.state = State::failed, .keep = hours(2)}}));
  recording.ended.state = State::recording;
  EXPECT_FALSE(due(recording, {{.keep = hours(0)}}));
}

TEST_F(DeletionTest, ASweepDeletesWhatIsDueAndNothingElse) {
  add_file("old");
  add_file("held");
  ASSERT_TRUE(catalogue_.set_hold("held", "case 4711", kNoon));
  Ended waiting = ended_in(folder_, "waiting.mp3", "w");
  waiting.delivery = Delivery::waiting;
  add("waiting", waiting);
  Ended young = ended_in(folder_, "young.mp3", "y");
  young.ended += hours(10);
  add("young", young);
  const std::vector<RetentionRule> rules = {{.keep = hours(24)}};
  EXPECT_EQ(swept(rules, kNoon + hours(23)).deleted.size(), 0U);
  const Sweep result = swept(rules, kNoon + hours(25));
  EXPECT_EQ(result.deleted.size(), 1U);
  EXPECT_EQ(result.held, 1U);
  EXPECT_TRUE(is_deleted("old"));
  for (const char* id : {"held", "waiting", "young"}) {
    EXPECT_FALSE(is_deleted(id)) << id;
    EXPECT_TRUE(has_file(id)) << id;
  }
}

TEST_F(DeletionTest, WhatItsStoreDoesNotDeleteIsNotCalledDeleted) {
  Ended remote = ended();
  remote.delivery = Delivery::stored;
  remote.uri = "https://bucket/remote.mp3";
  add("remote", remote);
  bool is_away = true;
  const Retention retention{{{.keep = hours(1)}}, [&](const Recording&) -> base::Result<void> {
                              if (is_away) return base::Error{base::Kind::unavailable, "the store is away"};
                              return {};
                            }};
  const auto failed = sweep(catalogue_, retention, kNoon + hours(5));
  ASSERT_TRUE(failed && failed->errors.size() == 1);
  EXPECT_NE(failed->errors[0].find("the store is away"), std::string::npos);
  EXPECT_FALSE(is_deleted("remote"));
  is_away = false;
  const auto swept = sweep(catalogue_, retention, kNoon + hours(6));
  ASSERT_TRUE(swept);
  EXPECT_EQ(swept->deleted, std::vector<std::string>{"remote"});
  EXPECT_TRUE(is_deleted("remote"));
}

TEST_F(DeletionTest, ASweepTakesTheOldestFirstAndNoMoreThanItMay) {
  for (const int age : {3, 1, 2}) {
    Ended end = ended_in(folder_, std::to_string(age) + ".mp3", "x");
    end.ended = kNoon - hours(age);
    add(std::to_string(age), end);
  }
  const auto swept = sweep(catalogue_, {{{.keep = hours(0)}}}, kNoon, 2);
  ASSERT_TRUE(swept);
  EXPECT_EQ(swept->deleted, (std::vector<std::string>{"3", "2"}));
}

TEST_F(DeletionTest, ADeletionThatACrashCutShortIsCompleted) {
  add_file("one");
  ASSERT_TRUE(catalogue_.begin_deletion("one", "asked", kNoon));
  EXPECT_EQ(swept({}, kNoon + hours(1)).deleted.size(), 1U);
  EXPECT_FALSE(has_file("one"));
  const auto recording = find(catalogue_.database(), "one");
  EXPECT_EQ(recording->delete_reason, "asked");
  EXPECT_EQ(recording->deleting, kNoon);
}

TEST_F(DeletionTest, WhatCannotBeRemovedIsTriedAgain) {
  add_file("one");
  const std::vector<RetentionRule> rules = {{.keep = hours(1)}};
  const auto failing = [](const Recording&) { return base::Result<void>(base::Error{base::Kind::internal, "EIO"}); };
  const auto first = sweep(catalogue_, {rules, failing}, kNoon + hours(5));
  ASSERT_TRUE(first);
  ASSERT_EQ(first->errors.size(), 1U);
  EXPECT_NE(first->errors[0].find("EIO"), std::string::npos);
  EXPECT_FALSE(is_deleted("one"));
  EXPECT_EQ(swept(rules, kNoon + hours(6)).deleted.size(), 1U);
}

}  // namespace
}  // namespace catalogue
