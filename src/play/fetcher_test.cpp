#include "play/fetcher.hpp"

#include <gmock/gmock.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "play/audio_for_test.hpp"
#include "play/http_for_test.hpp"

namespace {

using namespace play;
using namespace play::testing;
using base::Kind;
using ::testing::HasSubstr;

struct FetcherTest : ::testing::Test {
  FetcherTest() {
    EXPECT_TRUE(cache.make());
    options.timeout = std::chrono::milliseconds(2000);
  }
  std::string fetch(const std::string& uri) {
    auto fetched = Fetcher(options, cache, stopping).fetch(uri);
    if (!fetched) {
      error = fetched.error();
      return "refused";
    }
    type = fetched->content_type;
    std::string text(100000, '\0');
    text.resize(
        static_cast<std::size_t>(std::max<ssize_t>(::pread(fetched->file.get(), text.data(), text.size(), 0), 0)));
    return text;
  }

  TemporaryDirectory directory;
  DiskCache cache{directory.path() / "cache", 10'000'000};
  FetchOptions options;
  std::atomic<bool> stopping{false};
  base::Error error;
  std::string type;
};

TEST_F(FetcherTest, FetchesABodyWithItsType) {
  HttpServer server([](const std::string& request) {
    EXPECT_THAT(request, HasSubstr("GET /a.wav?x=1 HTTP/1.1\r\n"));
    return HttpServer::response("200 OK", "Content-Type: Audio/WAV; rate=8000\r\n", "body");
  });
  EXPECT_EQ(fetch(server.uri("/a.wav?x=1")), "body");
  EXPECT_EQ(type, "audio/wav");
}

TEST_F(FetcherTest, DoesNotAskAgainForWhatIsFresh) {
  HttpServer server([](const std::string&) {
    return HttpServer::response("200 OK", "Cache-Control: public, Max-Age=60\r\nContent-Type: a/b\r\n", "body");
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(fetch(server.uri("/a")), "body");
  EXPECT_EQ(type, "a/b");
  EXPECT_EQ(server.requests(), 1);
  EXPECT_EQ(fetch(server.uri("/b")), "body");
  EXPECT_EQ(server.requests(), 2);
}

TEST_F(FetcherTest, AsksWhetherWhatIsStaleHasChanged) {
  std::atomic<int> version = 1;
  HttpServer server([&](const std::string& request) {
    const std::string tag = fmt::format("\"{}\"", version.load());
    if (request.find("If-None-Match: " + tag) != std::string::npos) {
      return HttpServer::response("304 Not Modified", "ETag: " + tag + "\r\n", "");
    }
    return HttpServer::response("200 OK", "ETag: " + tag + "\r\n", "version " + std::to_string(version));
  });
  EXPECT_EQ(fetch(server.uri("/a")), "version 1");
  EXPECT_EQ(fetch(server.uri("/a")), "version 1");
  EXPECT_EQ(server.requests(), 2);
  version = 2;
  EXPECT_EQ(fetch(server.uri("/a")), "version 2");
  EXPECT_EQ(fetch(server.uri("/a")), "version 2");
}

TEST_F(FetcherTest, AsksByDateWhereThereIsNoTag) {
  HttpServer server([&](const std::string& request) {
    const bool known = request.find("If-Modified-Since: Tue, 24 Nov 2026 10:00:00 GMT") != std::string::npos;
    return known ? HttpServer::response("304 Not Modified", "", "")
                 : HttpServer::response("200 OK", "Last-Modified: Tue, 24 Nov 2026 10:00:00 GMT\r\n", "body");
  });
  EXPECT_EQ(fetch(server.uri("/a")), "body");
  EXPECT_EQ(fetch(server.uri("/a")), "body");
  EXPECT_EQ(server.requests(), 2);
}

TEST_F(FetcherTest, KeepsNothingThatMayNotBeStoredAndTakesAgeIntoAccount) {
  HttpServer server([](const std::string& request) {
    const bool aged = request.find("/aged") != std::string::npos;
    return HttpServer::response(
        "200 OK", aged ? "Cache-Control: max-age=60\r\nAge: 61\r\n" : "Cache-Control: no-store, max-age=60\r\n",
        "body");
  });
  for (int i = 0; i < 2; ++i) EXPECT_EQ(fetch(server.uri("/secret")), "body");
  EXPECT_FALSE(cache.find("GET " + server.uri("/secret")));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(fetch(server.uri("/aged")), "body");
  EXPECT_EQ(server.requests(), 4);
}

TEST_F(FetcherTest, FollowsRedirectsButOnlyToHttp) {
  HttpServer server([](const std::string& request) {
    if (request.starts_with("GET /file"))
      return HttpServer::response("302 Found", "Location: file:///etc/passwd\r\n", "");
    if (request.starts_with("GET /loop")) return HttpServer::response("302 Found", "Location: /loop\r\n", "");
    if (request.starts_with("GET /a")) return HttpServer::response("302 Found", "Location: /b\r\n", "moved");
    return HttpServer::response("200 OK", "", "body");
  });
  EXPECT_EQ(fetch(server.uri("/a")), "body");
  EXPECT_EQ(fetch(server.uri("/file")), "refused");
  EXPECT_EQ(fetch(server.uri("/loop")), "refused");
}

TEST_F(FetcherTest, SaysWhatWentWrongAndWhoseFaultItWas) {
  HttpServer server([](const std::string&) { return HttpServer::response("404 Not Found", "", "<html/>"); });
  EXPECT_EQ(fetch(server.uri("/a")), "refused");
  EXPECT_EQ(error.kind, Kind::not_acceptable);
  EXPECT_THAT(error.text, HasSubstr("404"));
  EXPECT_EQ(error.fault, base::Fault::destination);
  EXPECT_EQ(fetch("http://127.0.0.1:1/a"), "refused");
  EXPECT_EQ(error.kind, Kind::unavailable);
  EXPECT_EQ(fetch("http://"), "refused");
  EXPECT_EQ(error.kind, Kind::bad_request);
}

TEST_F(FetcherTest, TakesNoMoreThanTheLimit) {
  options.max_bytes = 1000;
  HttpServer server([](const std::string& request) {
    const std::string body(request.starts_with("GET /fits") ? 1000 : 1001, 'x');
    if (request.starts_with("GET /unsaid")) return "HTTP/1.0 200 OK\r\n\r\n" + body;
    return HttpServer::response("200 OK", "", body);
  });
  EXPECT_EQ(fetch(server.uri("/fits")).size(), 1000U);
  for (const char* path : {"/said", "/unsaid"}) {
    EXPECT_EQ(fetch(server.uri(path)), "refused") << path;
    EXPECT_EQ(error.kind, Kind::not_acceptable) << path;
  }
}

TEST_F(FetcherTest, WaitsNoLongerThanTheTimeoutAndKeepsNothingThatIsCutOff) {
  options.timeout = std::chrono::milliseconds(300);
  // Accepts, by the kernel, and never answers.
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), length), 0);
  ::listen(listener, 10);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  const base::Time before = base::Clock::now();
  EXPECT_EQ(fetch("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/"), "refused");
  EXPECT_EQ(error.kind, Kind::unavailable);
  EXPECT_LT(base::Clock::now() - before, std::chrono::seconds(3));
  ::close(listener);

  HttpServer server([](const std::string&) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nCache-Control: max-age=60\r\n\r\nhalf");
  });
  EXPECT_EQ(fetch(server.uri("/a")), "refused");
  EXPECT_FALSE(cache.find("GET " + server.uri("/a")));
}

TEST_F(FetcherTest, CanBeSwitchedOff) {
  options.http = false;
  EXPECT_EQ(fetch("http://127.0.0.1:1/a"), "refused");
  EXPECT_EQ(error.kind, Kind::not_supported);
}

}  // namespace
