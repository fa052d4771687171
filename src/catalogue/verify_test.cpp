#include "catalogue/verify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

#include "catalogue/folder_for_test.hpp"

namespace catalogue {
namespace {

using testing::begun;
using ::testing::ElementsAre;
using testing::ended;
using testing::ended_in;
using testing::Folder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::keeper_in;
using testing::kNoon;

// Four recordings with files, all signed, the third of them deleted.
class VerifyTest : public ::testing::Test {
 protected:
  VerifyTest() {
    const auto keeper = keeper_in(folder_);
    for (const std::string id : {"1", "2", "3", "4"}) {
      keeper->post(begun(id));
      keeper->post(Keeper::End{id, ended_in(folder_, id + ".mp3", "audio of " + id)});
      keeper->turn(kNoon);
    }
    auto catalogue = Catalogue::open(folder_ / "catalogue.sqlite");
    EXPECT_TRUE(delete_recording(*catalogue, "3", "asked", kNoon, remove_local_files));
    keeper_in(folder_)->turn(kNoon);
    options_.manifest = folder_ / "catalogue.manifest";
    options_.key = *PublicKey::read(folder_ / "catalogue.key.pub");
    options_.folders = {folder_ / "recordings"};
  }

  VerifyReport verified() {
    const auto database = open_for_reading(folder_ / "catalogue.sqlite");
    auto report = verify(*database, options_);
    EXPECT_TRUE(report);
    return *report;
  }
  // "changed 2: …"
  std::vector<std::string> findings() {
    std::vector<std::string> texts;
    for (const Finding& finding : verified().findings) {
      texts.push_back(std::string(name_of(finding.kind)) + " " + finding.id + ": " + finding.text);
    }
    return texts;
  }
  // Past all triggers, as somebody would who has the file.
  void tamper(const std::string& sql) {
    const auto database = Database::open(folder_ / "catalogue.sqlite", Database::Access::write);
    for (const char* trigger : {"one_end", "facts_stay", "birth_stays", "nothing_is_forgotten", "deleted_once",
                                "gaps_stay_update", "gaps_stay_delete"}) {
      ASSERT_TRUE(database->run(std::string("DROP TRIGGER IF EXISTS ") + trigger));
    }
    const auto ran = database->run("PRAGMA foreign_keys=OFF;" + sql);
    ASSERT_TRUE(ran) << ran.error().text;
  }
  std::vector<std::string> lines() {
    std::vector<std::string> all(1);
    for (const char c : folder_.read("catalogue.manifest")) {
      if (c == '\n') {
        all.emplace_back();
      } else {
        all.back() += c;
      }
    }
    all.pop_back();
    return all;
  }
  void write(const std::vector<std::string>& all) {
    std::string text;
    for (const std::string& line : all) text += line + "\n";
    folder_.write("catalogue.manifest", text);
  }

  Folder folder_;
  VerifyOptions options_;
};

TEST_F(VerifyTest, FindsNothingWhereNothingWasDone) {
  EXPECT_THAT(findings(), IsEmpty());
  const VerifyReport report = verified();
  EXPECT_EQ(report.recordings, 4U);
  EXPECT_EQ(report.files, 3U);
  EXPECT_EQ(report.deleted, 1U);
  EXPECT_EQ(report.manifest.lines, 5);
  EXPECT_EQ(report.manifest.head.size(), 64U);
}

TEST_F(VerifyTest, FindsAFileThatWasChanged) {
  folder_.write("recordings/2.mp3", "audiO of 2");
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("changed 2: ")));
  folder_.write("recordings/2.mp3", "audio of 2 and more");
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("19 bytes instead of 10")));
}

TEST_F(VerifyTest, FindsAFileThatWasRemoved) {
  std::filesystem::remove(folder_ / "recordings/2.mp3");
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("removed 2: ")));
}

TEST_F(VerifyTest, FindsAFileThatWasPutIn) {
  folder_.write("recordings/5.mp3", "made up");
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("5.mp3 is of no recording")));
}

TEST_F(VerifyTest, FindsAFileThatWasChangedTogetherWithItsChecksum) {
  folder_.write("recordings/2.mp3", "audiO of 2");
  tamper("UPDATE recordings SET sha256 = '" + sha256_of("audiO of 2") + "' WHERE id = '2'");
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("checksum in the catalogue was changed"),
                                      HasSubstr("what the catalogue says of it was changed")));
}

TEST_F(VerifyTest, FindsFactsThatWereChanged) {
  for (const char* change : {"from_party = 'sip:mallory@example.org'", "opened = opened - 1", "reason = 'stop'",
                             "account = 'x'", "error = 'x'", "duration = 1", "loss = '{\"lost\":1}'"}) {
    const std::string before = folder_.read("catalogue.sqlite");
    tamper(std::string("UPDATE recordings SET ") + change + " WHERE id = '2'");
    EXPECT_THAT(findings(), ElementsAre(HasSubstr("changed 2: what the catalogue says"))) << change;
    folder_.write("catalogue.sqlite", before);
  }
}

TEST_F(VerifyTest, FindsARecordingThatWasRemovedFromTheCatalogue) {
  tamper("DELETE FROM recordings WHERE id = '2'");
  std::filesystem::remove(folder_ / "recordings/2.mp3");
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("removed 2: it is in the manifest")));
}

TEST_F(VerifyTest, FindsARecordingThatWasPutIntoTheCatalogue) {
  auto catalogue = Catalogue::open(folder_ / "catalogue.sqlite");
  ASSERT_TRUE(catalogue->begin(begun("5")));
  ASSERT_TRUE(catalogue->end("5", ended_in(folder_, "5.mp3", "made up")));
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("unsigned 5: ")));
  ASSERT_TRUE(catalogue->set_manifest("5", 2));
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("put-in 5: ")));
}

TEST_F(VerifyTest, SaysWhatWasSignedAtALaterStart) {
  EXPECT_THAT(verified().late, ElementsAre("3")) << "its deletion, which a keeper signed that had not made it";
}

TEST_F(VerifyTest, KnowsWhatIsBeingStoredAtTheMoment) {
  auto catalogue = Catalogue::open(folder_ / "catalogue.sqlite");
  ASSERT_TRUE(catalogue->begin(begun("5")));
  folder_.write("recordings/5.mp3", "its store has it already");
  folder_.write("recordings/.5.json.part", "and is being given this");
  EXPECT_THAT(findings(), IsEmpty());
  folder_.write("recordings/6.mp3", "made up");
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("6.mp3 is of no recording")));
}

TEST_F(VerifyTest, FindsADeletionThatWasDenied) {
  tamper("UPDATE recordings SET deleted = NULL, deleting = NULL WHERE id = '3'");
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("changed 3: its deletion is in the manifest")));
}

TEST_F(VerifyTest, FindsALineOfTheManifestThatWasChanged) {
  auto all = lines();
  all[1].replace(all[1].find("\"size\":10"), 9, "\"size\":11");
  write(all);
  EXPECT_THAT(findings(),
              ElementsAre(HasSubstr("manifest : line 2 of the manifest was changed"), HasSubstr("put-in 2: ")));
}

TEST_F(VerifyTest, FindsALineOfTheManifestThatWasTakenOut) {
  auto all = lines();
  all.erase(all.begin() + 1);
  write(all);
  EXPECT_THAT(findings(),
              ElementsAre(HasSubstr("before line 2 of the manifest 1 lines were removed"), HasSubstr("put-in 2")));
}

TEST_F(VerifyTest, FindsTheEndOfTheManifestCutOff) {
  auto all = lines();
  all.pop_back();
  write(all);
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("changed 3: its deletion is not in the manifest"),
                                      HasSubstr("the end of the manifest was removed")));
}

TEST_F(VerifyTest, FindsLinesThatWerePutInOrSwapped) {
  auto all = lines();
  all.insert(all.begin() + 1, all[0]);
  write(all);
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("line 2 of the manifest is not in its place"), HasSubstr("twice")));
  all = lines();
  all.erase(all.begin() + 1);
  all[1] = "{\"n\":2} made up";
  write(all);
  EXPECT_THAT(findings(), ::testing::Contains(HasSubstr("line 2 of the manifest was changed or put in")));
}

TEST_F(VerifyTest, FindsAManifestThatWasSignedByAnother) {
  const Folder other;
  keeper_in(other);
  options_.key = *PublicKey::read(other / "catalogue.key.pub");
  EXPECT_GE(findings().size(), 5U);
}

TEST_F(VerifyTest, AHeadThatIsKeptElsewhereShowsThatTheChainWasRewritten) {
  const std::string head = verified().manifest.head;
  options_.head = head;
  EXPECT_THAT(findings(), IsEmpty());
  options_.head = std::string(64, '0');
  EXPECT_THAT(findings(), IsEmpty()) << "every chain began there";
  options_.head = sha256_of("another chain");
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("is not in the manifest: it was cut off or rewritten")));
}

TEST_F(VerifyTest, ATornLineIsToldAndTheNextWriterCutsItOff) {
  const std::string whole = folder_.read("catalogue.manifest");
  folder_.write("catalogue.manifest", whole + whole.substr(0, 100));
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("line 6 of the manifest is torn")));
  const auto keeper = keeper_in(folder_);
  keeper->post(begun("5"));
  keeper->post(Keeper::End{"5", ended_in(folder_, "5.mp3", "audio of 5")});
  keeper->turn(kNoon);
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_EQ(lines().size(), 6U);
}

TEST_F(VerifyTest, ComparesHowLongAFilePlays) {
  options_.measure = [](const std::filesystem::path& file) -> std::optional<std::chrono::milliseconds> {
    if (file.filename() == "4.mp3") return std::nullopt;
    return std::chrono::milliseconds(file.filename() == "1.mp3" ? 30050 : 20000);
  };
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("plays 20000 ms, the catalogue says 30000 ms")));
}

TEST_F(VerifyTest, WhatOnlyAStoreHasIsNotMissed) {
  auto catalogue = Catalogue::open(folder_ / "catalogue.sqlite");
  std::filesystem::remove(folder_ / "recordings/2.mp3");
  ASSERT_TRUE(catalogue->set_file("2", ""));
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_EQ(verified().remote, 1U);
}

}  // namespace
}  // namespace catalogue
