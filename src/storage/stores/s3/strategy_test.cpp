// Against tests/support/s3_server.py, which verifies every signature and checksum.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/stores/item_for_test.hpp"
#include "storage/stores/python_for_test.hpp"
#include "storage/stores/s3/credentials.hpp"

namespace {

using namespace storage;
using nlohmann::json;
using ::testing::HasSubstr;

const std::atomic<bool> kGoOn{false};
constexpr std::size_t kMegabyte = 1 << 20;

class S3Test : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server = new storage::testing::PythonServer("s3_server.py"); }
  static void TearDownTestSuite() { delete server; }
  S3Test() { server->misbehave(json::array()); }

  json settings() const {
    return {{"strategy", "s3"},
            {"endpoint", server->url()},
            {"bucket", "recordings"},
            {"access-key", "test-access"},
            {"secret-key", "test-secret"},
            {"region", "eu-test-1"}};
  }
  // What comes of it: the uri, or the error's text.
  std::string stored(const Item& item, const json& with) {
    const auto receipt = storage::testing::opened(with)->store(item, kGoOn);
    return receipt ? receipt->uri : receipt.error().text;
  }
  // Every test has its own recording, for the server keeps all.
  Item item(const std::string& audio) {
    return disk.item(
        audio, std::string("20261123T002318Z-c1-") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
  }
  static std::string key(const Item& item, std::size_t piece = 0) { return "2026-11-23/" + item.pieces[piece].name; }
  static json object(const std::string& key) { return server->state()["objects"].value(key, json()); }
  static int reads(const Item& item) {
    const auto requests = server->state()["requests"].get<std::vector<std::string>>();
    return static_cast<int>(std::count(requests.begin(), requests.end(), "GET /recordings/" + key(item)));
  }
  static std::string big() {
    std::string bytes(11 * kMegabyte + 12345, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761U >> 24U);
    return bytes;
  }
  json in_parts() const {
    json with = settings();
    with["part-size"] = 5 * kMegabyte;
    with["multipart-above"] = 5 * kMegabyte;
    return with;
  }

  static storage::testing::PythonServer* server;
  storage::testing::Spooled disk;
};
storage::testing::PythonServer* S3Test::server = nullptr;

TEST_F(S3Test, StoresARecordingAndItsSidecarUnderTheirKeys) {
  const Item one = item("audio");
  EXPECT_EQ(stored(one, settings()), server->url() + "/recordings/" + key(one));
  EXPECT_EQ(object(key(one))["sha256"], one.pieces[0].sha256);
  EXPECT_EQ(object(key(one))["headers"]["content-type"], "audio/mpeg");
  EXPECT_EQ(object(key(one, 1))["sha256"], one.pieces[1].sha256);
}

TEST_F(S3Test, SaysHowItIsToBeKept) {
  json with = settings();
  with["key"] = "a b/{account}/{from}/{name}";
  with["encryption"] = "aws:kms";
  with["kms-key"] = "key-1";
  with["storage-class"] = "STANDARD_IA";
  with["tags"] = {{"who", "{from} & co"}, {"kind", "call"}};
  with["metadata"] = {{"to", "{to} \xC3\xA9"}, {"call", "{call}"}};
  with["public-url"] = "https://listen.example/";
  const Item one = item("audio");
  EXPECT_EQ(stored(one, with), "https://listen.example/a%20b/acme/sip_alice_example_com/" + one.pieces[0].name);
  const json headers = object("a b/acme/sip_alice_example_com/" + one.pieces[0].name)["headers"];
  EXPECT_EQ(headers["x-amz-server-side-encryption"], "aws:kms");
  EXPECT_EQ(headers["x-amz-server-side-encryption-aws-kms-key-id"], "key-1");
  EXPECT_EQ(headers["x-amz-storage-class"], "STANDARD_IA");
  EXPECT_EQ(headers["x-amz-tagging"], "kind=call&who=sip%3Aalice%40example.com%20%26%20co");
  EXPECT_EQ(headers["x-amz-meta-to"], "sip:../../bob %C3%A9");
  EXPECT_EQ(headers["x-amz-meta-sha256"], one.pieces[0].sha256);
}

TEST_F(S3Test, SpeaksToABucketThatIsAHost) {
  json with = settings();
  with["style"] = "virtual";
  with["endpoint"] = "http://localhost:" + std::to_string(server->port());  // recordings.localhost is this machine
  const Item one = item("audio");
  EXPECT_EQ(stored(one, with), "http://recordings.localhost:" + std::to_string(server->port()) + "/" + key(one));
  EXPECT_EQ(object(key(one))["sha256"], one.pieces[0].sha256);
}

TEST_F(S3Test, UploadsABigFileInParts) {
  const Item one = item(big());
  EXPECT_EQ(stored(one, in_parts()), server->url() + "/recordings/" + key(one));
  EXPECT_EQ(object(key(one))["sha256"], one.pieces[0].sha256);
  EXPECT_EQ(object(key(one))["headers"]["x-amz-checksum-algorithm"], "SHA256");
  EXPECT_EQ(server->state()["uploads"], 0);
}

TEST_F(S3Test, SaysWhatTheServiceSaysAndWorksTheNextTime) {
  const Item one = item("audio");
  server->misbehave({{{"fault", "error"}}});
  EXPECT_THAT(stored(one, settings()), HasSubstr("HTTP status 503: SlowDown: Please reduce your request rate"));
  server->misbehave({{{"fault", "expired"}}});
  EXPECT_THAT(stored(one, settings()), HasSubstr("HTTP status 403: ExpiredToken"));
  server->misbehave({{{"fault", "reset"}}});
  EXPECT_THAT(stored(one, settings()), HasSubstr("PUT: "));
  EXPECT_THAT(stored(one, settings()), HasSubstr("http://"));
  json wrong = settings();
  wrong["secret-key"] = "wrong";
  EXPECT_THAT(stored(one, wrong), HasSubstr("SignatureDoesNotMatch"));
  wrong = settings();
  wrong["bucket"] = "nothing-here";
  EXPECT_THAT(stored(one, wrong), HasSubstr("NoSuchBucket"));
}

TEST_F(S3Test, GivesUpOnAServerThatSaysNothing) {
  json with = settings();
  with["stall-timeout"] = 1;
  server->misbehave({{{"fault", "slow"}, {"seconds", 4}}});
  EXPECT_THAT(stored(item("audio"), with), HasSubstr("PUT: nothing moved for 1000 ms"));
}

TEST_F(S3Test, BelievesNothingThatItHasNotSeen) {
  const Item one = item("audio");
  server->misbehave({{{"fault", "corrupt"}, {"times", 1}}});
  EXPECT_THAT(stored(one, settings()), HasSubstr("is not what was sent: its SHA-256 is"));
  server->misbehave({{{"fault", "wrong-sum"}, {"times", 1}}});
  EXPECT_THAT(stored(one, settings()), HasSubstr("is not what was sent"));
  const Item two = disk.item("other", "20261123T002318Z-c1-forgotten");
  server->misbehave({{{"fault", "forget"}, {"times", 2}}});
  EXPECT_THAT(stored(two, settings()), HasSubstr("HTTP status 404"));
}

TEST_F(S3Test, ComparesTheEtagWithAServiceThatKnowsNoChecksumsAndElseReadsItBack) {
  const Item one = item(big());
  server->misbehave({{{"fault", "no-sums"}, {"times", 100}}});
  EXPECT_THAT(stored(one, in_parts()), HasSubstr("http://"));
  EXPECT_EQ(reads(one), 0);
  const Item two = disk.item("other", "20261123T002318Z-c1-opaque");
  server->misbehave({{{"fault", "no-sums"}, {"times", 100}}, {{"fault", "opaque-etag"}, {"times", 9}}});
  EXPECT_THAT(stored(two, settings()), HasSubstr("http://"));
  EXPECT_EQ(reads(two), 1);
  Item three = disk.item("third", "20261123T002318Z-c1-third");
  server->misbehave({{{"fault", "no-sums"}, {"times", 100}},
                     {{"fault", "opaque-etag"}, {"times", 9}},
                     {{"fault", "corrupt"}, {"times", 1}}});
  EXPECT_THAT(stored(three, settings()), HasSubstr("read back, its SHA-256 is"));
}

TEST_F(S3Test, DoesNotUploadAgainWhatAnEarlierAttemptHasStored) {
  Item one = item("audio");
  server->misbehave({{{"fault", "lost-answer"}, {"method", "PUT"}, {"query", ".mp3"}}});
  EXPECT_THAT(stored(one, settings()), HasSubstr("PUT: "));
  one.attempt = 2;
  EXPECT_THAT(stored(one, settings()), HasSubstr("http://"));
  EXPECT_EQ(object(key(one))["puts"], 1);
  EXPECT_EQ(object(key(one, 1))["puts"], 1);
}

TEST_F(S3Test, TakesCredentialsFromAFileAsItIsNow) {
  json with = settings();
  with.erase("access-key");
  with.erase("secret-key");
  with["credentials-file"] = (disk.root / "credentials").string();
  with["profile"] = "calls";
  const auto store = storage::testing::opened(with);
  const Item one = item("audio");
  const auto without = store->store(one, kGoOn);
  ASSERT_FALSE(without);
  EXPECT_THAT(without.error().text, HasSubstr("cannot be read"));
  std::ofstream(disk.root / "credentials") << "[default]\naws_access_key_id = no\n[calls]\n"
                                              "aws_access_key_id = test-access\naws_secret_access_key=test-secret\n";
  const auto receipt = store->store(one, kGoOn);
  EXPECT_TRUE(receipt) << receipt.error().text;
}

TEST_F(S3Test, RefusesSettingsThatCannotBe) {
  const auto with = [&](const char* name, const json& value) {
    json changed = settings();
    changed[name] = value;
    return storage::testing::refusal(changed);
  };
  EXPECT_EQ(with("bucket", "a/b"), "bucket: expected the name of a bucket");
  EXPECT_THAT(with("endpoint", "s3.example"), HasSubstr("endpoint: expected http(s)://host"));
  EXPECT_THAT(with("endpoint", "https://s3.example/path"), HasSubstr("endpoint: expected"));
  EXPECT_THAT(with("encryption", "rot13"), HasSubstr("encryption: expected one of"));
  EXPECT_THAT(with("metadata", {{"A b", "x"}}), HasSubstr("metadata: expected"));
  EXPECT_THAT(with("tags", {{"a", "{caller}"}}), HasSubstr("tags: expected no {caller}"));
  EXPECT_EQ(with("secret-key", ""), "access-key: expected an access key together with its secret-key");
}

TEST_F(S3Test, DeletesARecordingAndWhatBelongsToItAndNothingElse) {
  json with = settings();
  with["key"] = "{ext}/{from}/{name}";
  const auto store = storage::testing::opened(with);
  const Item one = item("audio");
  const Item other = disk.item("audio", "20261123T002318Z-c1-other");
  const auto receipt = store->store(one, kGoOn);
  ASSERT_TRUE(receipt && store->store(other, kGoOn));
  const std::string folder = "mp3/sip_alice_example_com/";
  ASSERT_FALSE(object(folder + one.pieces[0].name).is_null());
  for (int again = 0; again < 2; ++again) {
    const auto removed = store->remove(one, receipt->uri, kGoOn);
    EXPECT_TRUE(removed) << removed.error().text;
  }
  EXPECT_TRUE(object(folder + one.pieces[0].name).is_null());
  EXPECT_TRUE(object("json/sip_alice_example_com/" + one.pieces[1].name).is_null());
  EXPECT_FALSE(object(folder + other.pieces[0].name).is_null());
}

TEST_F(S3Test, DeletesByTheUriWhatWasStoredUnderAnotherTemplate) {
  const Item one = item("audio");
  json before = settings();
  before["key"] = "a b/{name}";
  const auto receipt = storage::testing::opened(before)->store(one, kGoOn);
  ASSERT_TRUE(receipt);
  const auto store = storage::testing::opened(settings());
  ASSERT_TRUE(store->remove(one, receipt->uri, kGoOn));
  EXPECT_TRUE(object("a b/" + one.pieces[0].name).is_null());
  EXPECT_TRUE(object("a b/" + one.pieces[1].name).is_null());
  for (const std::string& uri :
       {server->url() + "/elsewhere/x/" + one.pieces[0].name, server->url() + "/recordings/x"}) {
    const auto refused = store->remove(one, uri, kGoOn);
    ASSERT_FALSE(refused) << uri;
    EXPECT_EQ(refused.error().kind, base::Kind::conflict);
  }
}

TEST_F(S3Test, ADeletionThatTheServiceRefusesIsAnError) {
  const auto store = storage::testing::opened(settings());
  const Item one = item("audio");
  const auto receipt = store->store(one, kGoOn);
  ASSERT_TRUE(receipt);
  server->misbehave({{{"fault", "expired"}, {"method", "DELETE"}}});
  const auto refused = store->remove(one, receipt->uri, kGoOn);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("ExpiredToken"));
  EXPECT_FALSE(object(key(one)).is_null());
}

}  // namespace
