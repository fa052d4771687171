#include "catalogue/keeper.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "catalogue/folder_for_test.hpp"

namespace catalogue {
namespace {

using testing::begun;
using testing::ended;
using testing::ended_in;
using testing::Folder;
using testing::keeper_in;
using testing::kNoon;

Recording recording_in(const Folder& folder, const std::string& id) {
  const auto database = open_for_reading(folder / "catalogue.sqlite");
  if (!database) return {};
  auto found = find(*database, id);
  return found ? std::move(*found) : Recording();
}

TEST(Keeper, WritesAndSignsWhatWasPosted) {
  const Folder folder;
  const auto keeper = keeper_in(folder);
  keeper->post(begun("one"));
  keeper->post(begun("two"));
  keeper->post(Keeper::End{"one", ended("stop")});
  EXPECT_EQ(keeper->stats().waiting, 3U);
  keeper->turn(kNoon);
  EXPECT_EQ(keeper->stats().waiting, 0U);
  EXPECT_EQ(keeper->stats().signed_lines, 1U);
  EXPECT_EQ(recording_in(folder, "one").manifest, 1);
  EXPECT_EQ(recording_in(folder, "two").state(), State::recording);
}

TEST(Keeper, AChangeThatContradictsIsRefusedAloneAndCounted) {
  const Folder folder;
  const auto keeper = keeper_in(folder);
  keeper->post(begun("one"));
  keeper->post(Keeper::End{"one", ended("stop")});
  keeper->post(Keeper::End{"one", ended("hangup")});
  keeper->post(Keeper::End{"nobody", ended("hangup")});
  keeper->post(begun("two"));
  keeper->turn(kNoon);
  EXPECT_EQ(keeper->stats().refused, 2U);
  EXPECT_EQ(keeper->stats().written, 3U);
  EXPECT_EQ(recording_in(folder, "one").ended.reason, "stop");
  EXPECT_EQ(recording_in(folder, "two").begun.id, "two");
}

TEST(Keeper, WhatAnotherProcessKeepsLockedWaitsInOrder) {
  const Folder folder;
  const auto keeper = keeper_in(folder);
  {
    const auto other = Database::open(folder / "catalogue.sqlite", Database::Access::write);
    ASSERT_TRUE(other);
    ASSERT_TRUE(other->run("BEGIN IMMEDIATE"));
    keeper->post(begun("one"));
    keeper->turn(kNoon);
    EXPECT_EQ(keeper->stats().waiting, 1U);
    EXPECT_GE(keeper->stats().failures, 1U);
    keeper->post(Keeper::End{"one", ended("stop")});
  }
  keeper->turn(kNoon);
  EXPECT_EQ(keeper->stats().waiting, 0U);
  EXPECT_EQ(recording_in(folder, "one").ended.reason, "stop");
}

TEST(Keeper, SignsAfterACrashWhatHadEndedBeforeAndNothingTwice) {
  const Folder folder;
  {  // ended, and not signed
    auto catalogue = Catalogue::open(folder / "catalogue.sqlite");
    ASSERT_TRUE(catalogue);
    ASSERT_TRUE(catalogue->begin(begun("one")));
    ASSERT_TRUE(catalogue->end("one", ended()));
  }
  keeper_in(folder)->turn(kNoon);
  EXPECT_EQ(recording_in(folder, "one").manifest, 1);
  {  // signed, and the catalogue does not know
    auto catalogue = Catalogue::open(folder / "catalogue.sqlite");
    ASSERT_TRUE(catalogue);
    ASSERT_TRUE(catalogue->database().run("UPDATE recordings SET manifest = NULL"));
  }
  const std::string before = folder.read("catalogue.manifest");
  keeper_in(folder)->turn(kNoon);
  EXPECT_EQ(recording_in(folder, "one").manifest, 1);
  EXPECT_EQ(folder.read("catalogue.manifest"), before);
}

TEST(Keeper, DoesNotSignWhatItHasNotEndedItself) {
  const Folder folder;
  const auto keeper = keeper_in(folder);
  keeper->turn(kNoon);
  {
    auto other = Catalogue::open(folder / "catalogue.sqlite");
    ASSERT_TRUE(other);
    ASSERT_TRUE(other->begin(begun("made up")));
    ASSERT_TRUE(other->end("made up", ended()));
  }
  keeper->post(begun("one"));
  keeper->post(Keeper::End{"one", ended("stop")});
  keeper->turn(kNoon);
  EXPECT_EQ(recording_in(folder, "one").manifest, 1);
  EXPECT_FALSE(recording_in(folder, "made up").manifest);
  EXPECT_EQ(folder.read("catalogue.manifest").find("late"), std::string::npos);

  // With the next start it cannot be told from what a crash left; its line says that it is late.
  keeper_in(folder)->turn(kNoon);
  EXPECT_EQ(recording_in(folder, "made up").manifest, 2);
  EXPECT_NE(folder.read("catalogue.manifest").find("\"late\":true"), std::string::npos);
}

TEST(Keeper, StartsBesideACatalogueThatIsLockedAndWritesLater) {
  const Folder folder;
  keeper_in(folder);
  auto other = Database::open(folder / "catalogue.sqlite", Database::Access::write);
  ASSERT_TRUE(other);
  ASSERT_TRUE(other->run("BEGIN IMMEDIATE"));
  Keeper keeper(
      {.file = folder / "catalogue.sqlite", .busy = std::chrono::milliseconds(1), .now = [] { return kNoon; }});
  ASSERT_TRUE(keeper.start());
  keeper.post(begun("one"));
  ASSERT_TRUE(other->run("ROLLBACK"));
  keeper.stop();
  EXPECT_EQ(keeper.stats().written, 1U);
  EXPECT_EQ(recording_in(folder, "one").begun.id, "one");
}

TEST(Keeper, DoesNotStartWithWhatIsNoCatalogue) {
  const Folder folder;
  folder.write("catalogue.sqlite", std::string(8192, 'x'));
  Keeper keeper({.file = folder / "catalogue.sqlite"});
  const auto started = keeper.start();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().text.find("not a database"), std::string::npos) << started.error().text;
}

TEST(Keeper, SweepsAtItsIntervalAndSignsTheDeletion) {
  const Folder folder;
  const auto keeper =
      keeper_in(folder, {.retention = {{.keep = std::chrono::hours(1)}}, .sweep_interval = std::chrono::seconds(60)});
  keeper->post(begun("one"));
  keeper->post(Keeper::End{"one", ended_in(folder, "one.mp3", "audio")});
  keeper->turn(kNoon);
  EXPECT_EQ(keeper->stats().deleted, 0U);
  keeper->turn(kNoon + std::chrono::hours(2));
  EXPECT_EQ(keeper->stats().deleted, 1U);
  EXPECT_EQ(recording_in(folder, "one").delete_reason, "retention");
  EXPECT_EQ(recording_in(folder, "one").deletion_manifest, 2);
}

TEST(Keeper, TheKeyIsMadeOnceAndIsItsOwnersAlone) {
  const Folder folder;
  keeper_in(folder);
  struct stat status {};
  ASSERT_EQ(::stat((folder / "catalogue.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const std::string key = folder.read("catalogue.key");
  EXPECT_EQ(key.size(), 65U);
  keeper_in(folder);
  EXPECT_EQ(folder.read("catalogue.key"), key);
  EXPECT_TRUE(PublicKey::parse(folder.read("catalogue.key.pub")));

  ASSERT_EQ(::chmod((folder / "catalogue.key").c_str(), 0644), 0);
  const auto refused = SigningKey::open_or_make(folder / "catalogue.key");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::Kind::not_allowed);
}

TEST(Keeper, ItsThreadWritesWhatCameBeforeTheStop) {
  const Folder folder;
  {
    Keeper keeper({.file = folder / "catalogue.sqlite", .now = [] { return kNoon; }});
    ASSERT_TRUE(keeper.start());
    for (int i = 0; i < 2500; ++i) {
      keeper.post(begun(std::to_string(i)));
      keeper.post(Keeper::End{std::to_string(i), ended("stop")});
    }
    keeper.stop();
    EXPECT_EQ(keeper.stats().written, 5000U);
    EXPECT_EQ(keeper.stats().signed_lines, 2500U);
  }
  const auto database = open_for_reading(folder / "catalogue.sqlite");
  ASSERT_TRUE(database);
  EXPECT_EQ(count(*database)->completed, 2500);
}

TEST(Keeper, CannotStartWhereThereIsNoFolder) {
  Keeper keeper({.file = "/nowhere/at/all/catalogue.sqlite"});
  EXPECT_FALSE(keeper.start());
}

TEST(Keeper, ADeletionThatAnotherProcessAsksForDoesNotWaitForTheNextSweep) {
  const Folder folder;
  Instant now = kNoon;
  std::vector<std::string> removed;
  KeeperOptions options;
  options.remove = [&](const Recording& recording) {
    removed.push_back(recording.begun.id);
    return removed.size() == 1 ? base::Result<void>(base::Error{base::Kind::unavailable, "it is away"})
                               : base::Result<void>();
  };
  const auto keeper = keeper_in(folder, options);
  for (const std::string id : {"one", "two"}) {
    keeper->post(begun(id));
    keeper->post(Keeper::End{id, ended()});
  }
  keeper->turn(now);
  const auto ask = [&](const std::string& id) {
    auto other = Catalogue::open(folder / "catalogue.sqlite");
    ASSERT_TRUE(other && other->begin_deletion(id, "asked", now));
  };
  now += std::chrono::seconds(5);
  ask("one");
  keeper->turn(now);
  EXPECT_EQ(removed, std::vector<std::string>({"one"}));
  EXPECT_FALSE(recording_in(folder, "one").deleted);
  now += std::chrono::seconds(5);
  keeper->turn(now);
  EXPECT_EQ(removed.size(), 1U) << "what failed waits for the next sweep";
  ask("two");
  keeper->turn(now);
  EXPECT_TRUE(recording_in(folder, "one").deleted && recording_in(folder, "two").deleted);
}

}  // namespace
}  // namespace catalogue
