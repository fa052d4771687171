#include "play/renderer.hpp"

#include <gmock/gmock.h>

#include "base/clock.hpp"
#include "base/inbox.hpp"
#include "play/audio_for_test.hpp"
#include "play/http_for_test.hpp"
#include "storage/file_name.hpp"

namespace {

using namespace play;
using namespace play::testing;
using base::Kind;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

using Jobs = base::Inbox<std::function<void()>>;

struct RendererTest : ::testing::Test {
  RendererTest() {
    fs::create_directories(sounds);
    write_audio(sounds / "a.wav", tone(440, 8000), 8000);
    write_audio(sounds / "b.wav", tone(880, 44100, 44100), 44100);
    options.roots = {sounds};
    options.cache = directory.path() / "cache";
    options.fetching.timeout = milliseconds(2000);
  }
  void start() {
    renderer = std::make_unique<Renderer>(options, [this](std::function<void()> job) { jobs.post(std::move(job)); });
    ASSERT_TRUE(renderer->start());
  }
  // The answer to a request, for which this runs the control thread's jobs.
  base::Result<Feed*> open(Request request) {
    std::optional<base::Result<Feed*>> answer;
    id = renderer->open(std::move(request), [&](base::Result<Feed*> result) { answer = std::move(result); });
    while (!answer) {
      jobs.wait(milliseconds(20000));
      jobs.drain([](std::function<void()>&& job) { job(); });
    }
    return std::move(*answer);
  }
  Kind refusal(Document document) {
    const auto feed = open({.documents = {std::move(document)}});
    EXPECT_FALSE(feed);
    return feed ? Kind::internal : feed.error().kind;
  }
  // As fast as the play thread can, all that there is.
  Samples hear(Feed& feed, double seconds = 100) {
    Samples heard;
    bool going = true;
    while (going && static_cast<double>(heard.size()) < seconds * feed.rate()) {
      auto& buffered = dynamic_cast<BufferedFeed&>(feed);
      const std::uint64_t late = buffered.late();
      Samples tick(feed.rate() / 50);
      going = feed.read(tick);
      // What was late is not part of what is played.
      tick.resize(tick.size() - (buffered.late() - late));
      heard.insert(heard.end(), tick.begin(), tick.end());
    }
    return heard;
  }
  std::string uri(const std::string& name) { return storage::file_uri(sounds / name); }

  TemporaryDirectory directory;
  const fs::path sounds = directory.path() / "sounds";
  RendererOptions options;
  Jobs jobs;
  std::unique_ptr<Renderer> renderer;
  RenderingId id = 0;
};

TEST_F(RendererTest, PlaysAListOfFilesOneBehindTheOther) {
  start();
  auto feed = open({.documents = {{Document::Type::uri_list, "# hello\r\n" + uri("a.wav") + "\r\n" + uri("b.wav")}}});
  ASSERT_TRUE(feed) << feed.error().text;
  const Samples heard = hear(**feed);
  EXPECT_NEAR(static_cast<double>(heard.size()), 16000, 320);
  EXPECT_NEAR(level(part(heard, 0.1, 0.9), 440), 10000, 200);
  EXPECT_NEAR(level(part(heard, 1.1, 1.9), 880), 10000, 200);
  renderer->close(id);
}

TEST_F(RendererTest, PlaysAtTheRateAskedFor) {
  start();
  auto feed = open({.documents = {{Document::Type::uri, uri("a.wav")}}, .rate = 48000});
  ASSERT_TRUE(feed);
  EXPECT_EQ((*feed)->rate(), 48000U);
  EXPECT_EQ(pitch(part(hear(**feed), 0.1, 0.9, 48000), 48000), 440);
}

TEST_F(RendererTest, SpeaksTextAndSsmlWithAudioInBetween) {
  start();
  auto text = open({.documents = {{Document::Type::text, "Thanks for calling, goodbye!"}}});
  ASSERT_TRUE(text) << text.error().text;
  EXPECT_GT(hear(**text).size(), 8000U);
  auto ssml = open({.documents = {{Document::Type::ssml, "<speak>Hello<audio src='" + uri("a.wav") + "'/></speak>"}}});
  ASSERT_TRUE(ssml) << ssml.error().text;
  const Samples heard = hear(**ssml);
  const double length = static_cast<double>(heard.size()) / 8000;
  EXPECT_GT(length, 1.3);
  EXPECT_NEAR(level(part(heard, length - 0.9, length - 0.1), 440), 10000, 300);
}

TEST_F(RendererTest, SsmlSaysWhatIsInsideAudioThatIsNotThere) {
  start();
  auto feed =
      open({.documents = {{Document::Type::ssml, "<speak><audio src='" + uri("no.wav") + "'>Hello</audio></speak>"}}});
  ASSERT_TRUE(feed) << feed.error().text;
  EXPECT_GT(hear(**feed).size(), 2000U);
  EXPECT_EQ(refusal({Document::Type::ssml, "<speak><audio src='" + uri("no.wav") + "'/></speak>"}),
            Kind::not_acceptable);
}

TEST_F(RendererTest, FetchesAudioAndDocumentsByHttp) {
  const auto bytes = bytes_of(sounds / "a.wav");
  HttpServer server([&](const std::string& request) {
    if (request.starts_with("GET /list"))
      return HttpServer::response("200 OK", "Content-Type: text/uri-list\r\n", "# x\r\n" + uri("b.wav") + "\r\n");
    if (request.starts_with("GET /page"))
      return HttpServer::response("200 OK", "Content-Type: text/html\r\n", "<html>no sound here</html>");
    return HttpServer::response("200 OK", "Content-Type: text/plain\r\n", std::string(bytes.begin(), bytes.end()));
  });
  start();
  auto audio = open({.documents = {{Document::Type::uri, server.uri("/a")}}});
  ASSERT_TRUE(audio) << audio.error().text;
  EXPECT_EQ(pitch(hear(**audio)), 440);
  auto list = open({.documents = {{Document::Type::uri, server.uri("/list")}}});
  ASSERT_TRUE(list) << list.error().text;
  EXPECT_EQ(pitch(hear(**list)), 880);
  EXPECT_EQ(refusal({Document::Type::uri, server.uri("/page")}), Kind::not_acceptable);
}

TEST_F(RendererTest, RefusesBeforeItSaysYes) {
  start();
  write_file(sounds / "x.wav", "no audio at all");
  write_file(sounds / "loop.uris", uri("loop.uris"));
  using Type = Document::Type;
  EXPECT_EQ(refusal({Type::uri, uri("no.wav")}), Kind::not_acceptable);
  EXPECT_EQ(refusal({Type::uri, uri("x.wav")}), Kind::not_acceptable);
  EXPECT_EQ(refusal({Type::uri, "file:///etc/passwd"}), Kind::not_allowed);
  EXPECT_EQ(refusal({Type::uri, uri("../cache")}), Kind::not_allowed);
  EXPECT_EQ(refusal({Type::uri, "file:" + sounds.string() + "/%2e%2e/cache"}), Kind::not_allowed);
  EXPECT_EQ(refusal({Type::uri, "ftp://a/b.wav"}), Kind::not_supported);
  EXPECT_EQ(refusal({Type::uri, "a.wav"}), Kind::not_supported);
  EXPECT_EQ(refusal({Type::uri, uri("loop.uris")}), Kind::not_supported);
  EXPECT_EQ(refusal({Type::uri_list, ""}), Kind::bad_request);
  EXPECT_EQ(refusal({Type::text, "  \n"}), Kind::bad_request);
  EXPECT_EQ(refusal({Type::ssml, "<speak>"}), Kind::bad_request);
  std::string many;
  for (int i = 0; i < 65; ++i) many += uri("a.wav") + "\n";
  EXPECT_EQ(refusal({Type::uri_list, many}), Kind::not_supported);
  const auto voice = open({.documents = {{Type::text, "Hello"}}, .voice = "nobody"});
  ASSERT_FALSE(voice);
  EXPECT_EQ(voice.error().kind, Kind::not_supported);
  EXPECT_EQ(renderer->stats().refused, 13U);
}

TEST_F(RendererTest, CommandsTakeHoldWithTheNextRead) {
  Samples melody = tone(440, 80000);
  const Samples second = tone(880, 80000);
  melody.insert(melody.end(), second.begin(), second.end());
  write_audio(sounds / "long.wav", melody, 8000);
  start();
  auto feed = open({.documents = {{Document::Type::uri, uri("long.wav")}}, .manner = {.start_paused = true}});
  ASSERT_TRUE(feed);
  Samples tick(160);
  (*feed)->read(tick);
  EXPECT_EQ(tick, Samples(160));
  renderer->resume(id);
  EXPECT_EQ(pitch(hear(**feed, 0.3)), 440);
  renderer->seek(id, milliseconds(10000));
  // Silence until the play thread has done it, then only the second note.
  Samples heard = hear(**feed, 0.02);
  const base::Time deadline = base::Clock::now() + std::chrono::seconds(5);
  while (heard == Samples(heard.size()) && base::Clock::now() < deadline) heard = hear(**feed, 0.02);
  EXPECT_EQ(pitch(hear(**feed, 0.3)), 880);
  renderer->change_volume(id, -2);
  hear(**feed, 0.02);
  EXPECT_NEAR(level(hear(**feed, 0.25), 880), 10000 * std::pow(10, -6.0 / 20), 100);
  for (int i = 0; i < 20; ++i) renderer->change_volume(id, -1);
  hear(**feed, 0.02);
  EXPECT_NEAR(level(hear(**feed, 0.25), 880), 10000 * std::pow(10, -30.0 / 20), 10);
  renderer->pause(id);
  hear(**feed, 0.02);
  EXPECT_EQ(hear(**feed, 0.02), Samples(160));
  renderer->close(id);
}

TEST_F(RendererTest, ClosedWhileOpeningItDoesNotAnswer) {
  start();
  bool answered = false;
  const RenderingId first = renderer->open({.documents = {{Document::Type::uri, uri("a.wav")}}},
                                           [&](const base::Result<Feed*>&) { answered = true; });
  renderer->close(first);
  EXPECT_TRUE(open({.documents = {{Document::Type::uri, uri("a.wav")}}}));
  for (int i = 0; i < 10; ++i) {
    jobs.wait(milliseconds(10));
    jobs.drain([](std::function<void()>&& job) { job(); });
  }
  EXPECT_FALSE(answered);
}

TEST_F(RendererTest, ManyPlayAtOnceWithoutBeingLate) {
  start();
  std::vector<std::pair<RenderingId, Feed*>> all;
  for (int i = 0; i < 100; ++i) {
    auto feed = open({.documents = {{Document::Type::uri, uri("b.wav")}}, .manner = {.repeat_times = 0}});
    ASSERT_TRUE(feed);
    all.emplace_back(id, *feed);
  }
  for (int round = 0; round < 10; ++round) {
    for (const auto& [each, feed] : all) {
      Samples tick(160);
      EXPECT_TRUE(feed->read(tick));
    }
    jobs.wait(milliseconds(20));
  }
  for (const auto& [each, feed] : all) renderer->close(each);
  EXPECT_EQ(renderer->stats().late, 0U);
  EXPECT_EQ(renderer->stats().opened, 100U);
}

TEST_F(RendererTest, StopGivesUpWhatTakesLong) {
  options.speech.command = {"/bin/sleep", "100"};
  options.speech.timeout = std::chrono::seconds(100);
  start();
  renderer->open({.documents = {{Document::Type::text, "Hello"}}}, [](const base::Result<Feed*>&) { FAIL(); });
  jobs.wait(milliseconds(100));
  const base::Time before = base::Clock::now();
  renderer->stop();
  EXPECT_LT(base::Clock::now() - before, std::chrono::seconds(3));
}

}  // namespace
