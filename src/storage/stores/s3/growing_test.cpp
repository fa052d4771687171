// Uploads in parts that begin while the recording grows and go on in other attempts, threads and processes, against
// tests/support/s3_server.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/abandoned_uploads.hpp"
#include "storage/stores/item_for_test.hpp"
#include "storage/stores/python_for_test.hpp"
#include "storage/stores/s3/old_uploads.hpp"

namespace {

using namespace storage;
using nlohmann::json;
using ::testing::HasSubstr;

const std::atomic<bool> kGoOn{false};
constexpr std::uint64_t kMegabyte = 1 << 20;
constexpr std::uint64_t kPart = 5 * kMegabyte;

class S3GrowingTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server = new storage::testing::PythonServer("s3_server.py"); }
  static void TearDownTestSuite() { delete server; }
  S3GrowingTest() { server->misbehave(json::array()); }

  json settings() const {
    return {{"strategy", "s3"},
            {"endpoint", server->url()},
            {"bucket", "recordings"},
            {"access-key", "test-access"},
            {"secret-key", "test-secret"},
            {"part-size", kPart},
            {"multipart-above", kPart}};
  }
  // Every test has its own recording, for the server keeps all.
  std::string stem() const {
    return std::string("20261123T002318Z-c1-") + ::testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  static std::string noise(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761U >> 24U);
    return bytes;
  }
  // The recording when `bytes` of it are there.
  Growing growing(const std::string& bytes) {
    Growing growing{disk.item("", stem()).about, disk.piece(stem() + ".mp3.part", bytes)};
    growing.piece.name = stem() + ".mp3";
    growing.piece.sha256.clear();
    return growing;
  }
  Item finished(const std::string& bytes) {
    std::filesystem::remove(disk.root / "spool" / (stem() + ".mp3.part"));
    return disk.item(bytes, stem());
  }
  // What comes of it: "more", "enough", or the error's text.
  std::string grown(const Growing& growing) {
    const auto more = storage::testing::opened(settings())->grown(growing, kGoOn);
    return !more ? more.error().text : *more ? "more" : "enough";
  }
  std::string stored(const Item& item, const json& with) {
    const auto receipt = storage::testing::opened(with)->store(item, kGoOn);
    return receipt ? "stored" : receipt.error().text;
  }
  std::string stored(const Item& item) { return stored(item, settings()); }
  std::string key() const { return "2026-11-23/" + stem() + ".mp3"; }
  json object() const { return server->state()["objects"].value(key(), json()); }
  json parts() const { return server->state()["parts"].value(key(), json()); }
  std::size_t uploads_of_parts() const {
    const auto requests = server->state()["requests"].get<std::vector<std::string>>();
    return static_cast<std::size_t>(std::count_if(requests.begin(), requests.end(), [&](const std::string& one) {
      return one.starts_with("PUT") && one.find(stem() + ".mp3?partNumber") != std::string::npos;
    }));
  }
  std::vector<std::filesystem::path> state_files() const {
    std::vector<std::filesystem::path> found;
    for (const auto& one : std::filesystem::directory_iterator(disk.root / "spool")) {
      if (one.path().string().find(".upload") != std::string::npos) found.push_back(one.path());
    }
    return found;
  }

  static storage::testing::PythonServer* server;
  storage::testing::Spooled disk;
};
storage::testing::PythonServer* S3GrowingTest::server = nullptr;

TEST_F(S3GrowingTest, UploadsWhatIsFinalWhileItGrowsAndTheRestAtTheEnd) {
  const std::string bytes = noise(4 * kPart + 12345);
  EXPECT_EQ(grown(growing(bytes.substr(0, 2 * kPart - 1))), "enough") << "its first part is not final";
  EXPECT_EQ(parts(), json());
  EXPECT_EQ(grown(growing(bytes.substr(0, 3 * kPart + 5))), "more");
  EXPECT_EQ(grown(growing(bytes.substr(0, 3 * kPart + 5))), "enough");
  EXPECT_EQ(grown(growing(bytes.substr(0, 4 * kPart))), "enough");
  EXPECT_EQ(parts(), json({2, 3, 4}));
  std::string final_bytes = bytes;
  final_bytes.replace(40, 4, "head");  // as an encoder does at the end
  const Item one = finished(final_bytes);
  EXPECT_EQ(stored(one), "stored");
  EXPECT_EQ(uploads_of_parts(), 5U) << "each once: the head and the tail at the end";
  EXPECT_EQ(object()["sha256"], one.pieces[0].sha256);
  EXPECT_EQ(object()["headers"]["x-amz-meta-recording"], stem());
  EXPECT_TRUE(state_files().empty());
}

TEST_F(S3GrowingTest, UploadsAgainWhatTurnsOutToBeDifferentInTheFile) {
  std::string bytes = noise(3 * kPart + 100);
  EXPECT_EQ(grown(growing(bytes)), "more");
  EXPECT_EQ(grown(growing(bytes)), "enough");
  bytes[kPart + 77] ^= 1;
  const Item one = finished(bytes);
  EXPECT_EQ(stored(one), "stored");
  EXPECT_EQ(uploads_of_parts(), 5U) << "part 2 twice";
  EXPECT_EQ(object()["sha256"], one.pieces[0].sha256);
}

TEST_F(S3GrowingTest, BeginsAgainWhereTheServiceHasForgottenTheUpload) {
  const std::string bytes = noise(3 * kPart + 100);
  EXPECT_EQ(grown(growing(bytes)), "more");
  server->misbehave({{{"fault", "lost-upload"}}});
  EXPECT_THAT(grown(growing(bytes)), HasSubstr("NoSuchUpload"));
  EXPECT_EQ(grown(growing(bytes)), "more");
  EXPECT_EQ(parts(), json({2}));
  server->misbehave({{{"fault", "lost-upload"}, {"method", "POST"}}});  // as it completes
  const Item one = finished(bytes);
  EXPECT_EQ(stored(one), "stored");
  EXPECT_EQ(object()["sha256"], one.pieces[0].sha256);
  EXPECT_EQ(object()["puts"], 1);
}

TEST_F(S3GrowingTest, GoesOnInTheNextAttemptWithThePartsThatAreThere) {
  Item one = finished(noise(3 * kPart + 100));
  server->misbehave({{{"fault", "error"}, {"query", "partNumber=3"}}});
  EXPECT_THAT(stored(one), HasSubstr("SlowDown"));
  EXPECT_EQ(parts(), json({1, 2}));
  server->misbehave({{{"fault", "reset"}, {"query", "partNumber=4"}}});
  one.attempt = 2;
  EXPECT_THAT(stored(one), HasSubstr("PUT: "));
  one.attempt = 3;
  EXPECT_EQ(stored(one), "stored");
  EXPECT_EQ(uploads_of_parts(), 6U) << "4, one that was refused, one that was reset";
  EXPECT_EQ(object()["sha256"], one.pieces[0].sha256);
  EXPECT_EQ(server->state()["uploads"], 0);
}

TEST_F(S3GrowingTest, AbortsWhatWasBegunWhenNobodySawTheAnswer) {
  const std::string bytes = noise(2 * kPart + 100);
  server->misbehave({{{"fault", "lost-answer"}, {"method", "POST"}}});
  EXPECT_THAT(grown(growing(bytes)), HasSubstr("POST: "));
  EXPECT_EQ(server->state()["uploads"], 1);
  EXPECT_EQ(grown(growing(bytes)), "enough");
  EXPECT_EQ(server->state()["uploads"], 1) << "and not both";
  server->misbehave({{{"fault", "forbidden"}, {"method", "GET"}}});  // who may not list goes on all the same
  const Item one = finished(bytes);
  EXPECT_EQ(stored(one), "stored");
  EXPECT_EQ(server->state()["uploads"], 0);
}

TEST_F(S3GrowingTest, BelievesACompletionThatItDidNotSeeOnlyByLooking) {
  Item one = finished(noise(2 * kPart + 100));
  server->misbehave({{{"fault", "lost-answer"}, {"method", "POST"}, {"query", "uploadId"}}});
  EXPECT_THAT(stored(one), HasSubstr("POST: "));
  EXPECT_EQ(state_files().size(), 1U);
  one.attempt = 2;
  EXPECT_EQ(stored(one), "stored");
  EXPECT_EQ(object()["puts"], 1);
  EXPECT_TRUE(state_files().empty());
}

TEST_F(S3GrowingTest, CompletesAgainWhereTheServiceSaysYesAndThenNo) {
  Item one = finished(noise(2 * kPart + 100));
  server->misbehave({{{"fault", "late-error"}}});
  EXPECT_THAT(stored(one), HasSubstr("InternalError: try again"));
  one.attempt = 2;
  EXPECT_EQ(stored(one), "stored");
  EXPECT_EQ(uploads_of_parts(), 3U);
  EXPECT_EQ(server->state()["uploads"], 0);
}

TEST_F(S3GrowingTest, FindsAPartThatTheServiceHasSpoiled) {
  Item one = finished(noise(2 * kPart + 100));
  server->misbehave({{{"fault", "corrupt-part"}, {"query", "partNumber=2"}}});
  EXPECT_THAT(stored(one), HasSubstr("another SHA-256 of a part"));
  server->misbehave({{{"fault", "corrupt-part"}, {"query", "partNumber=2"}}, {{"fault", "no-sums"}, {"times", 100}}});
  one.attempt = 2;
  EXPECT_THAT(stored(one), HasSubstr("read back, its SHA-256 is"));
  one.attempt = 3;
  EXPECT_EQ(stored(one), "stored");
  EXPECT_EQ(object()["sha256"], one.pieces[0].sha256);
}

TEST_F(S3GrowingTest, TellsASlowServiceFromOneThatStalls) {
  json with = settings();
  with["stall-timeout"] = 3;  // longer than what the kernel keeps takes to go
  with["multipart-above"] = 100 * kMegabyte;
  server->misbehave({{{"fault", "slow-body"}, {"seconds", 5}}});
  const Item one = finished(noise(24 * kMegabyte));
  EXPECT_EQ(stored(one, with), "stored");
}

TEST_F(S3GrowingTest, RenewedCredentialsGoOnWithTheSameUpload) {
  Item one = finished(noise(2 * kPart + 100));
  server->misbehave({{{"fault", "expired"}, {"query", "partNumber=2"}}});
  EXPECT_THAT(stored(one), HasSubstr("ExpiredToken"));
  one.attempt = 2;
  EXPECT_EQ(stored(one), "stored");
  EXPECT_EQ(uploads_of_parts(), 4U);
}

TEST_F(S3GrowingTest, AbortsTheUploadOfWhatWillNeverCome) {
  const Growing one = growing(noise(2 * kPart + 100));
  EXPECT_EQ(grown(one), "enough");
  const auto spool = disk.root / "spool";
  const auto none = [](const std::string&) { return false; };
  EXPECT_TRUE(abandoned_uploads(spool, none)->empty()) << "it grows";
  std::filesystem::rename(one.piece.path, spool / one.piece.name);
  EXPECT_TRUE(abandoned_uploads(spool, none)->empty()) << "it is to be delivered";
  std::filesystem::remove(spool / one.piece.name);
  EXPECT_TRUE(abandoned_uploads(spool, [&](const std::string& name) { return name == one.piece.name; })->empty());
  const auto abandoned = abandoned_uploads(spool, none);
  ASSERT_EQ(abandoned->size(), 1U);
  json other = settings();
  other["bucket"] = "others";
  EXPECT_TRUE(storage::testing::opened(other)->forget(abandoned->front(), kGoOn));
  EXPECT_EQ(server->state()["uploads"], 1) << "another store's";
  server->misbehave({{{"fault", "error"}}});
  EXPECT_FALSE(storage::testing::opened(settings())->forget(abandoned->front(), kGoOn));
  EXPECT_EQ(state_files().size(), 1U) << "it is tried again";
  EXPECT_TRUE(storage::testing::opened(settings())->forget(abandoned->front(), kGoOn));
  EXPECT_EQ(server->state()["uploads"], 0);
  EXPECT_TRUE(state_files().empty());
}

TEST_F(S3GrowingTest, LeavesTheUploadsOfOtherKeysAndOfAnotherStoreAlone) {
  const std::string bytes = noise(2 * kPart + 100);
  EXPECT_EQ(grown(growing(bytes)), "enough");
  json fallback = settings();
  fallback["endpoint"] = "http://localhost:" + std::to_string(server->port());  // another place, for what it knows
  fallback["key"] = "fallback/{name}";
  const Item one = finished(bytes);
  EXPECT_EQ(stored(one, fallback), "stored");
  EXPECT_EQ(parts(), json({2})) << "the first store's, until its file is gone";
  EXPECT_EQ(state_files().size(), 1U);
  EXPECT_TRUE(storage::testing::opened(settings())->forget(one.pieces[0].path, kGoOn));
  EXPECT_EQ(server->state()["uploads"], 0);
}

TEST_F(S3GrowingTest, NeverBeginsPartsForASmallRecordingAndGoesOnWithOtherSettings) {
  json with = settings();
  with["multipart-above"] = 0;
  EXPECT_EQ(grown(growing(noise(kPart))), "enough");
  EXPECT_EQ(parts(), json());
  const std::string bytes = noise(3 * kPart + 100);
  EXPECT_EQ(grown(growing(bytes)), "more");
  with["part-size"] = 2 * kPart;
  with["multipart-above"] = 100 * kMegabyte;
  const Item one = finished(bytes);
  EXPECT_EQ(stored(one, with), "stored");
  EXPECT_EQ(uploads_of_parts(), 4U) << "those of the size it was begun with";
  // Once more, knowing nothing of how it was made: it is looked at as a whole.
  Item again = one;
  again.attempt = 2;
  EXPECT_EQ(stored(again, with), "stored");
  EXPECT_EQ(object()["puts"], 1);
}

TEST_F(S3GrowingTest, AbortsWhatALostSpoolHasLeftOnlyWhereItIsToldTo) {
  const std::chrono::hours day(24);
  const auto now = std::chrono::system_clock::now();
  json with = settings();
  with["key"] = "ours/{name}";
  EXPECT_TRUE(storage::testing::opened(with)->grown(growing(noise(2 * kPart)), kGoOn));
  const auto uploads = [&] { return server->state()["parts"].contains("ours/" + stem() + ".mp3"); };
  ASSERT_TRUE(uploads());
  EXPECT_TRUE(storage::testing::opened(with)->tidy(now + 100 * day, kGoOn));
  EXPECT_TRUE(uploads()) << "not without being told to";
  with["abort-uploads-after"] = 7;
  EXPECT_TRUE(storage::testing::opened(with)->tidy(now + 6 * day, kGoOn));
  EXPECT_TRUE(uploads()) << "it is not old";
  with["key"] = "ours/{date}/{name}";
  EXPECT_TRUE(storage::testing::opened(with)->tidy(now + 100 * day, kGoOn));
  EXPECT_TRUE(uploads()) << "no key of this template";
  with["key"] = "ours/{name}";
  EXPECT_TRUE(storage::testing::opened(with)->tidy(now + 8 * day, kGoOn));
  EXPECT_FALSE(uploads());
}

TEST(S3OldUploads, KnowsTheKeysThatItsTemplateCanHaveMade) {
  using storage::s3::is_of_template;
  EXPECT_TRUE(is_of_template("2026-11-23/20261123T002318Z-c1-r1.mp3", "{date}/{name}"));
  EXPECT_TRUE(is_of_template("a/acme/20261123T002318Z-c1-r1.mp3", "a/{account}/{stem}.{ext}"));
  EXPECT_FALSE(is_of_template("2026-11-23/backup.tar", "{date}/{name}"));
  EXPECT_FALSE(is_of_template("x/2026-11-23/20261123T002318Z-c1-r1.mp3", "{date}/{name}"));
  EXPECT_FALSE(is_of_template("b/acme/20261123T002318Z-c1-r1.mp3", "a/{account}/{name}"));
  EXPECT_FALSE(is_of_template("", "{date}/{name}"));
}

TEST_F(S3GrowingTest, ADamagedStateFileIsAsNone) {
  const std::string bytes = noise(2 * kPart + 100);
  EXPECT_EQ(grown(growing(bytes)), "enough");
  const auto files = state_files();
  ASSERT_EQ(files.size(), 1U);
  std::ofstream(files.front()) << "{\"version\": 1, \"key\": ";
  const Item one = finished(bytes);
  EXPECT_EQ(stored(one), "stored");
  EXPECT_EQ(object()["sha256"], one.pieces[0].sha256);
  server->misbehave(json::array());
}

}  // namespace
