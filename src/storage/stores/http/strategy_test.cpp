// Against tests/support/upload_server.py, which verifies digests of what it gets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/stores/item_for_test.hpp"
#include "storage/stores/python_for_test.hpp"

namespace {

using namespace storage;
using nlohmann::json;
using ::testing::HasSubstr;

const std::atomic<bool> kGoOn{false};

class HttpStrategyTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server = new storage::testing::PythonServer("upload_server.py"); }
  static void TearDownTestSuite() { delete server; }

  json settings(const std::string& path) const { return {{"strategy", "http"}, {"url", server->url() + path}}; }
  std::string stored(const Item& item, const json& with) {
    const auto receipt = storage::testing::opened(with)->store(item, kGoOn);
    return receipt ? receipt->uri : receipt.error().text;
  }

  static storage::testing::PythonServer* server;
  storage::testing::Spooled disk;
};
storage::testing::PythonServer* HttpStrategyTest::server = nullptr;

TEST_F(HttpStrategyTest, PutsEveryFileUnderItsPathAndLooksWhetherItIsThere) {
  json with = settings("/plain/");
  with["headers"] = {{"X-Caller", "{from}"}, {"content-type", "audio/x-special"}};
  const Item item = disk.item("audio");
  const auto store = storage::testing::opened(with);
  const auto receipt = store->store(item, kGoOn);
  ASSERT_TRUE(receipt) << receipt.error().text;
  EXPECT_EQ(receipt->uri, server->url() + "/plain/2026-11-23/20261123T002318Z-c1-r1.mp3");
  EXPECT_EQ(store->expected_uri(item), receipt->uri);
  const json kept = server->state();
  const json audio = kept["/plain/2026-11-23/20261123T002318Z-c1-r1.mp3"];
  EXPECT_EQ(audio["sha256"], item.pieces[0].sha256);
  EXPECT_EQ(audio["headers"]["X-Caller"], "sip:alice@example.com");
  EXPECT_EQ(audio["headers"]["content-type"], "audio/x-special");
  EXPECT_EQ(audio["headers"].count("Content-Type"), 0U);
  EXPECT_EQ(kept["/plain/2026-11-23/20261123T002318Z-c1-r1.json"]["sha256"], item.pieces[1].sha256);
}

TEST_F(HttpStrategyTest, ProvesWhoItIsByDigestOrToken) {
  json digest = settings("/digest");
  digest["user"] = "alice";
  digest["password"] = "secret";
  EXPECT_THAT(stored(disk.item(std::string(300'000, 'x')), digest), HasSubstr("http://"));
  digest["password"] = "wrong";
  EXPECT_THAT(stored(disk.item("audio"), digest), HasSubstr("HTTP status 401"));
  json bearer = settings("/bearer");
  bearer["bearer"] = "t0ken";
  EXPECT_THAT(stored(disk.item("audio"), bearer), HasSubstr("http://"));
}

TEST_F(HttpStrategyTest, ShowsItsCertificateAndVerifiesTheServers) {
  const std::string pki = disk.root.string();
  const auto make = [&](const std::string& name, const std::string& extension) {
    return "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name + " -keyout " + name +
           ".key -out " + name + ".csr 2>/dev/null && printf '" + extension + "' > ext && openssl x509 -req -in " +
           name + ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out " + name +
           ".pem 2>/dev/null";
  };
  const std::string script =
      "cd " + pki +
      " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout ca.key "
      "-out ca.pem 2>/dev/null && " +
      make("server", "subjectAltName=IP:127.0.0.1") + " && " + make("client", "extendedKeyUsage=clientAuth");
  ASSERT_EQ(std::system(script.c_str()), 0);
  const storage::testing::PythonServer secure("upload_server.py", pki);
  json with = settings("/plain");
  with["url"] = "https://127.0.0.1:" + std::to_string(secure.port()) + "/plain";
  const Item item = disk.item("audio");
  EXPECT_THAT(stored(item, with), HasSubstr("PUT: ")) << "its authority is not known";
  with["ca-file"] = pki + "/ca.pem";
  EXPECT_THAT(stored(item, with), HasSubstr("PUT: ")) << "who are we?";
  with["client-certificate"] = pki + "/client.pem";
  with["client-key"] = pki + "/client.key";
  EXPECT_THAT(stored(item, with), HasSubstr("https://127.0.0.1"));
}

TEST_F(HttpStrategyTest, PostsAndTakesTheUriFromLocation) {
  json with = settings("/post");
  with["method"] = "POST";
  Item item = disk.item("audio", "20261123T002318Z-c1-post");
  EXPECT_EQ(stored(item, with), server->url() + "/files/20261123T002318Z-c1-post-20261123T002318Z-c1-post.mp3");
  item.attempt = 2;
  EXPECT_THAT(stored(item, with), HasSubstr("/files/"));
  int posts = 0;
  for (const auto& [path, kept] : server->state().items()) posts += path.ends_with("c1-post.mp3") ? 1 : 0;
  EXPECT_EQ(posts, 1) << "the same key in every attempt";
}

TEST_F(HttpStrategyTest, MakesTheUriByATemplate) {
  json with = settings("/plain");
  with["uri"] = "https://listen.example/{call}/{path}?k={component}";
  EXPECT_EQ(stored(disk.item("audio"), with), "https://listen.example/c1/2026-11-23/20261123T002318Z-c1-r1.mp3?k=r1");
}

TEST_F(HttpStrategyTest, OnlyWhatTheStatusAndALookConfirmIsStored) {
  EXPECT_THAT(stored(disk.item("audio"), settings("/no")), HasSubstr("HTTP status 507: the disk is full"));
  EXPECT_THAT(stored(disk.item("audio"), settings("/moved")), HasSubstr("HTTP status 302"));
  EXPECT_THAT(stored(disk.item("audio"), settings("/liar")), HasSubstr("HEAD "));
  json picky = settings("/plain");
  picky["success"] = {"204"};
  EXPECT_THAT(stored(disk.item("audio"), picky), HasSubstr("HTTP status 201"));
}

TEST_F(HttpStrategyTest, RefusesSettingsThatCannotBe) {
  const auto with = [&](const char* name, const json& value) {
    json changed = settings("/plain");
    changed[name] = value;
    return storage::testing::refusal(changed);
  };
  EXPECT_EQ(with("url", "ftp://x"), "url: expected a URL of http: or https:");
  EXPECT_THAT(with("append-path", false), HasSubstr("would replace one recording by another"));
  EXPECT_THAT(with("headers", {{"a", "b\r\nc: d"}}), HasSubstr("headers: expected"));
  EXPECT_THAT(with("success", {"ok"}), HasSubstr("success: expected"));
  EXPECT_THAT(with("uri", "{caller}"), HasSubstr("uri: expected no {caller}"));
  EXPECT_THAT(with("client-key", "k.pem"), HasSubstr("client-certificate: expected"));
}

TEST_F(HttpStrategyTest, DeletesWhatItHasPutIfItIsToldThatItMay) {
  json with = settings("/plain/gone");
  const Item item = disk.item("audio");
  const auto receipt = storage::testing::opened(with)->store(item, kGoOn);
  ASSERT_TRUE(receipt);
  const auto refused = storage::testing::opened(with)->remove(item, receipt->uri, kGoOn);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::Kind::not_supported);
  with["delete"] = true;
  const auto store = storage::testing::opened(with);
  for (int again = 0; again < 2; ++again) {
    const auto removed = store->remove(item, receipt->uri, kGoOn);
    EXPECT_TRUE(removed) << removed.error().text;
  }
  for (const auto& [path, kept] : server->state().items()) EXPECT_FALSE(path.starts_with("/plain/gone")) << path;
}

TEST_F(HttpStrategyTest, DeletesWhatItHasPostedByItsUri) {
  json with = settings("/post");
  with["method"] = "POST";
  with["delete"] = true;
  const auto store = storage::testing::opened(with);
  const Item item = disk.item("audio", "20261123T002318Z-c1-posted-and-gone");
  const auto receipt = store->store(item, kGoOn);
  ASSERT_TRUE(receipt);
  const std::string path = receipt->uri.substr(server->url().size());
  ASSERT_TRUE(server->state().contains(path));
  ASSERT_TRUE(store->remove(item, receipt->uri, kGoOn));
  EXPECT_FALSE(server->state().contains(path));
}

TEST_F(HttpStrategyTest, ADeletionThatTheServerRefusesIsAnError) {
  json with = settings("/no");
  with["delete"] = true;
  const Item item = disk.item("audio");
  const auto refused = storage::testing::opened(with)->remove(item, server->url() + "/no/x", kGoOn);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("DELETE " + server->url() + "/no/x: HTTP status 507"));
}

}  // namespace
