#include "catalogue/catalogue.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "catalogue/folder_for_test.hpp"
#include "catalogue/schema.hpp"

namespace catalogue {
namespace {

using base::Kind;
using testing::begun;
using testing::ended;
using testing::Folder;
using testing::kNoon;

class CatalogueTest : public ::testing::Test {
 protected:
  CatalogueTest() {
    auto opened = Catalogue::open(folder_ / "catalogue.sqlite");
    if (!opened) throw std::runtime_error(opened.error().text);
    catalogue_.emplace(std::move(*opened));
  }
  Recording found(const std::string& key) {
    auto recording = find(catalogue_->database(), key);
    EXPECT_TRUE(recording) << key;
    return recording ? std::move(*recording) : Recording();
  }
  std::vector<std::string> listed(const Filter& filter) {
    std::vector<std::string> ids;
    const auto recordings = list(catalogue_->database(), filter);
    if (!recordings) return {recordings.error().text};
    for (const Recording& recording : *recordings) ids.push_back(recording.begun.id);
    return ids;
  }
  void run(const std::string& sql, Kind wanted) {
    const auto ran = catalogue_->database().run(sql);
    ASSERT_FALSE(ran) << sql;
    EXPECT_EQ(ran.error().kind, wanted) << ran.error().text;
  }

  Folder folder_;
  std::optional<Catalogue> catalogue_;
};

TEST_F(CatalogueTest, KnowsARecordingFromItsStart) {
  ASSERT_TRUE(catalogue_->begin(begun("one")));
  const Recording recording = found("one");
  EXPECT_EQ(recording.state(), State::recording);
  EXPECT_EQ(recording.begun.call, "call-of-one");
  EXPECT_EQ(recording.begun.from, "sip:alice@example.org");
  EXPECT_EQ(recording.begun.opened, kNoon);
  EXPECT_EQ(recording.ended.file, "/spool/one.mp3.part");
}

TEST_F(CatalogueTest, KeepsAllThatIsToldAtTheEnd) {
  ASSERT_TRUE(catalogue_->begin(begun("one")));
  Ended end = ended("stop");
  end.loss = {.lost = 60, .packets_received = 1500, .packets_lost = 3, .no_media_at_start = true};
  end.gaps = {{"lost", 1000, 60, 0}, {"paused", 2000, 0, 5000}};
  end.beside = {{"/recordings/one.json", 500, std::string(64, 'b')}};
  end.error = "nothing to speak of";
  ASSERT_TRUE(catalogue_->end("one", end));
  const Recording recording = found("one");
  EXPECT_EQ(recording.state(), State::completed);
  EXPECT_EQ(recording.ended.reason, "stop");
  EXPECT_EQ(recording.ended.error, end.error);
  EXPECT_EQ(recording.ended.duration, end.duration);
  EXPECT_EQ(recording.ended.size, end.size);
  EXPECT_EQ(recording.ended.sha256, end.sha256);
  EXPECT_EQ(recording.ended.uri, end.uri);
  EXPECT_EQ(recording.ended.loss, end.loss);
  EXPECT_EQ(recording.ended.gaps, end.gaps);
  EXPECT_EQ(recording.ended.beside, end.beside);
}

TEST_F(CatalogueTest, ARecordingEndsOnceWhateverIsTriedThen) {
  ASSERT_TRUE(catalogue_->begin(begun("one")));
  ASSERT_TRUE(catalogue_->end("one", ended("stop")));
  Ended again = ended("interrupted");
  again.state = State::interrupted;
  const auto second = catalogue_->end("one", again);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Kind::conflict);
  EXPECT_EQ(found("one").ended.reason, "stop");
  run("UPDATE recordings SET state = 'recording', ended = NULL, reason = ''", Kind::conflict);
  run("UPDATE recordings SET state = 'failed'", Kind::conflict);
  run("UPDATE recordings SET size = 1", Kind::conflict);
  run("DELETE FROM recordings", Kind::conflict);
  EXPECT_EQ(found("one").state(), State::completed);
}

TEST_F(CatalogueTest, AnEndThatIsRefusedLeavesNothingOfItself) {
  ASSERT_TRUE(catalogue_->begin(begun("one")));
  Ended end = ended();
  end.beside = {{"/same", 1, ""}, {"/same", 2, ""}};
  EXPECT_FALSE(catalogue_->end("one", end));
  EXPECT_EQ(found("one").state(), State::recording);
  EXPECT_TRUE(found("one").ended.beside.empty());
  EXPECT_TRUE(catalogue_->end("one", ended()));
}

TEST_F(CatalogueTest, AnEndNeedsAReasonAndATime) {
  ASSERT_TRUE(catalogue_->begin(begun("one")));
  EXPECT_FALSE(catalogue_->end("one", ended("")));
  run("UPDATE recordings SET state = 'completed', reason = 'stop'", Kind::conflict);
}

TEST_F(CatalogueTest, NothingEndsThatNeverBegan) {
  const auto result = catalogue_->end("nobody", ended());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, Kind::not_found);
  EXPECT_FALSE(catalogue_->attempt("nobody", {}));
}

TEST_F(CatalogueTest, TwoRecordingsNeverHaveOneId) {
  ASSERT_TRUE(catalogue_->begin(begun("one")));
  const auto second = catalogue_->begin(begun("one"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Kind::conflict);
}

TEST_F(CatalogueTest, EveryTryToStoreIsKept) {
  ASSERT_TRUE(catalogue_->begin(begun("one")));
  Ended end = ended();
  end.delivery = Delivery::waiting;
  ASSERT_TRUE(catalogue_->end("one", end));
  ASSERT_TRUE(catalogue_->attempt("one", {"s3", kNoon, kNoon, "503 Slow Down", ""}));
  EXPECT_EQ(found("one").ended.delivery, Delivery::waiting);
  ASSERT_TRUE(catalogue_->ask_retry("one", kNoon));
  EXPECT_EQ(found("one").retry_asked, kNoon);
  ASSERT_TRUE(catalogue_->attempt("one", {"s3", kNoon, kNoon, "", "https://bucket/one.mp3"}));
  const auto attempts = attempts_of(catalogue_->database(), "one");
  ASSERT_TRUE(attempts);
  ASSERT_EQ(attempts->size(), 2U);
  EXPECT_EQ(attempts->at(0).error, "503 Slow Down");
  EXPECT_EQ(attempts->at(1).uri, "https://bucket/one.mp3");
  EXPECT_EQ(found("one").ended.delivery, Delivery::stored);
  EXPECT_EQ(found("https://bucket/one.mp3").begun.id, "one");
  EXPECT_FALSE(found("one").retry_asked);
  EXPECT_FALSE(catalogue_->ask_retry("one", kNoon)) << "it is stored";
}

TEST_F(CatalogueTest, IsFoundByIdComponentNameAndUri) {
  ASSERT_TRUE(catalogue_->begin(begun("one")));
  ASSERT_TRUE(catalogue_->begin(begun("two")));
  for (const char* key : {"two", "component-of-two", "two.mp3.part", "/spool/two.mp3.part"}) {
    EXPECT_EQ(found(key).begun.id, "two") << key;
  }
  EXPECT_EQ(find(catalogue_->database(), "three").error().kind, Kind::not_found);
  Begun twin = begun("three");
  twin.component = "component-of-two";
  ASSERT_TRUE(catalogue_->begin(twin));
  EXPECT_EQ(find(catalogue_->database(), "component-of-two").error().kind, Kind::bad_request);
}

TEST_F(CatalogueTest, FiltersSayWhichAreListed) {
  for (int i = 0; i < 4; ++i) {
    Begun one = begun(std::to_string(i));
    one.opened = kNoon + std::chrono::hours(i);
    if (i == 1) one.from = "sip:carol@example.net";
    if (i == 2) one.format = "wav";
    ASSERT_TRUE(catalogue_->begin(one));
  }
  ASSERT_TRUE(catalogue_->end("3", ended("stop")));
  using Ids = std::vector<std::string>;
  EXPECT_EQ(listed({}), (Ids{"3", "2", "1", "0"}));
  EXPECT_EQ(listed({.state = State::recording}), (Ids{"2", "1", "0"}));
  EXPECT_EQ(listed({.format = "wav"}), (Ids{"2"}));
  EXPECT_EQ(listed({.reason = "stop"}), (Ids{"3"}));
  EXPECT_EQ(listed({.party = "carol"}), (Ids{"1"}));
  EXPECT_EQ(listed({.party = "%"}), Ids());
  EXPECT_EQ(listed({.since = kNoon + std::chrono::hours(1), .before = kNoon + std::chrono::hours(3)}), (Ids{"2", "1"}));
  EXPECT_EQ(listed({.limit = 1}), (Ids{"3"}));
  EXPECT_EQ(listed({.account = "' OR 1 --"}), Ids());
  const auto counts = count(catalogue_->database());
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->started, 4);
  EXPECT_EQ(counts->recording, 3);
  EXPECT_EQ(counts->completed, 1);
}

TEST_F(CatalogueTest, WhoReadsDoesNotWriteAndSeesWhatIsCommitted) {
  ASSERT_TRUE(catalogue_->begin(begun("one")));
  const auto reader = open_for_reading(folder_ / "catalogue.sqlite");
  ASSERT_TRUE(reader) << reader.error().text;
  {
    auto transaction = catalogue_->transaction();
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(catalogue_->begin(begun("two")));
    EXPECT_TRUE(find(*reader, "one")) << "a writer keeps nobody waiting";
    EXPECT_FALSE(find(*reader, "two"));
    ASSERT_TRUE(transaction->commit());
  }
  EXPECT_TRUE(find(*reader, "two"));
  EXPECT_FALSE(reader->run("UPDATE recordings SET file = ''"));
}

TEST_F(CatalogueTest, ATransactionThatIsNotCommittedIsUndone) {
  {
    auto transaction = catalogue_->transaction();
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(catalogue_->begin(begun("one")));
  }
  EXPECT_FALSE(find(catalogue_->database(), "one"));
}

TEST_F(CatalogueTest, IsNotReadableByAll) {
  struct stat status {};
  ASSERT_EQ(::stat((folder_ / "catalogue.sqlite").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U & status.st_mode);
}

TEST_F(CatalogueTest, ANewerCatalogueIsRefusedAndAnEmptyFileIsNoneYet) {
  ASSERT_TRUE(catalogue_->database().run("PRAGMA user_version = 99"));
  EXPECT_EQ(Catalogue::open(folder_ / "catalogue.sqlite").error().kind, Kind::not_supported);
  EXPECT_EQ(open_for_reading(folder_ / "catalogue.sqlite").error().kind, Kind::not_supported);
  EXPECT_EQ(open_for_reading(folder_ / "none.sqlite").error().kind, Kind::not_found);
  folder_.write("junk.sqlite", std::string(5000, 'x'));
  EXPECT_FALSE(open_for_reading(folder_ / "junk.sqlite"));
  EXPECT_FALSE(Catalogue::open(folder_ / "junk.sqlite"));
}

}  // namespace
}  // namespace catalogue
