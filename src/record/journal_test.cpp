#include "record/journal.hpp"

#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <sys/file.h>

#include "record/playback_for_test.hpp"
#include "record/story.hpp"

namespace {

using namespace std::chrono_literals;
using record::Journal;
using record::Kind;
using record::read_story;
using record::SpanMap;
using record::Story;

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() {
    auto opened = Journal::open(spool, "20261123T002318Z-call1-rec1");
    EXPECT_TRUE(opened);
    journal = std::move(*opened);
  }

  std::string text() const {
    std::ifstream in(directory.path() / (journal->stem() + ".journal"), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  record::testing::TemporaryDirectory directory;
  storage::Spool spool{directory.path()};
  std::unique_ptr<Journal> journal;
};

record::Request request() {
  record::Request request{
      .call_id = "call1", .component_id = "rec1", .settings = {}, .rate = 8000, .to = {}, .from = {}};
  request.from = "sip:\"Bob\\\xff\"@example.org\n";  // a peer may send anything
  request.client = "juliet@example.org/balcony";
  request.account = "juliet@example.org";
  request.headers = {{"subject", "a rose"}, {"x-tenant", "7, 8"}};
  request.settings.format = "wav";
  request.settings.double_pass = true;
  request.settings.sample_rate = 16000;
  request.settings.direction = record::Direction::recv;
  request.settings.hints = {{"encoding", "mulaw"}};
  return request;
}

TEST_F(JournalTest, OfWhatIsEncryptedNamesTheKeysAndNotTheParties) {
  record::Request wanted = request();
  wanted.settings.double_pass = false;
  wanted.settings.encrypt_to = {seal::Identity::make().recipient(), seal::Identity::make().recipient()};
  journal->opened(wanted, wanted.settings, {});
  EXPECT_EQ(text().find("Bob"), std::string::npos);
  const Story story = read_story(text());
  EXPECT_TRUE(story.is_known);
  EXPECT_EQ(story.request.from, "");
  EXPECT_EQ(story.request.client, "juliet@example.org/balcony");
  EXPECT_EQ(story.request.settings.encrypt_to, wanted.settings.encrypt_to);
}

constexpr std::chrono::system_clock::time_point kBegan{std::chrono::milliseconds(1795479798123)};

TEST_F(JournalTest, TellsWhatWasAskedForAndInWhichFilesItIs) {
  journal->opened(request(), request().settings, kBegan);
  EXPECT_EQ(journal->track_opened(base::Time(5s)), 0);
  journal->part_opened(0, "x.wav.part", "wav", {16000, 2}, request().settings.hints);
  const record::Participant romeo{"c2", "Romeo", "sip:romeo@example.org"};
  EXPECT_EQ(journal->track_opened(base::Time(6s), &romeo), 1);
  journal->started(1, base::Time(7s));
  journal->part_opened(1, "x-visit1.wav.part", "wav", {8000, 1}, {});
  journal->ended(record::EndReason::hangup, "", {.rate = 16000, .samples = 77, .packets_lost = 3});

  const Story story = read_story(text());
  EXPECT_TRUE(story.is_known);
  EXPECT_EQ(story.damaged, 0U);
  EXPECT_EQ(story.began, kBegan);
  EXPECT_EQ(story.request.call_id, "call1");
  EXPECT_EQ(story.request.client, "juliet@example.org/balcony");
  EXPECT_EQ(story.request.account, "juliet@example.org");
  EXPECT_EQ(story.request.headers, (std::map<std::string, std::string>{{"subject", "a rose"}, {"x-tenant", "7, 8"}}));
  EXPECT_EQ(story.request.from, "sip:\"Bob\\\xEF\xBF\xBD\"@example.org\n");
  EXPECT_EQ(story.request.settings.format, "wav");
  EXPECT_TRUE(story.request.settings.double_pass);
  EXPECT_EQ(story.request.settings.sample_rate, 16000U);
  EXPECT_EQ(story.request.settings.direction, record::Direction::recv);
  ASSERT_EQ(story.tracks.size(), 2U);
  EXPECT_EQ(story.tracks[0].start, base::Time(5s));
  ASSERT_EQ(story.tracks[0].parts.size(), 1U);
  EXPECT_EQ(story.tracks[0].parts[0].file, "x.wav.part");
  EXPECT_EQ(story.tracks[0].parts[0].audio.channels, 2);
  ASSERT_EQ(story.tracks[0].parts[0].hints.size(), 1U);
  EXPECT_EQ(story.tracks[0].parts[0].hints[0].value, "mulaw");
  ASSERT_TRUE(story.tracks[1].who);
  EXPECT_EQ(story.tracks[1].who->name, "Romeo");
  EXPECT_EQ(story.tracks[1].start, base::Time(7s));
  ASSERT_TRUE(story.end);
  EXPECT_EQ(story.end->reason, record::EndReason::hangup);
  EXPECT_EQ(story.end->stats.samples, 77U);
  EXPECT_EQ(story.end->stats.packets_lost, 3U);
}

TEST_F(JournalTest, KeepsTheMapByWhatIsNewInIt) {
  journal->track_opened(base::Time(1s));
  SpanMap map(8000);
  for (int i = 0; i < 200; ++i) {
    map.add(Kind::received, 100);
    map.add(i % 3 == 0 ? Kind::lost : Kind::silent, 60);
    if (i % 40 == 0) map.skip(Kind::paused, 500);
    if (i % 7 == 0) map.relabel(Kind::lost, 30);
    if (i == 100) map.change_rate(16000);
    const std::size_t before = text().size();
    journal->mapped(0, map);
    if (i > 101) {
      EXPECT_LT(text().size() - before, 400U) << i;
    }
    const Story story = read_story(text());
    ASSERT_EQ(story.damaged, 0U);
    const SpanMap& read = story.tracks[0].map;
    ASSERT_EQ(read.rate(), map.rate());
    ASSERT_EQ(read.samples(), map.samples());
    ASSERT_TRUE(std::ranges::equal(read.spans(), map.spans())) << i;
    ASSERT_TRUE(std::ranges::equal(read.skips(), map.skips())) << i;
  }
}

TEST_F(JournalTest, SaysNothingTwice) {
  journal->track_opened(base::Time(1s));
  SpanMap map(8000);
  map.add(Kind::silent, 100);
  journal->mapped(0, map);
  const std::size_t size = text().size();
  map.add(Kind::received, 4000);
  journal->mapped(0, map);
  EXPECT_EQ(text().size(), size);
  map.add(Kind::received, 16000);
  journal->mapped(0, map);
  EXPECT_EQ(read_story(text()).tracks[0].map.samples(), 20100U);
}

TEST_F(JournalTest, IsReadUpToWhereItIsTornAndBehindIt) {
  journal->opened(request(), request().settings, kBegan);
  const std::size_t first = text().size();
  journal->track_opened(base::Time(1s));
  journal->part_opened(0, "x.wav.part", "wav", {8000, 1}, {});
  const std::string whole = text();
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const Story story = read_story(std::string_view(whole).substr(0, size));
    ASSERT_EQ(story.is_known, size >= first) << size;
    ASSERT_EQ(story.tracks.empty() || story.tracks[0].parts.empty(), size < whole.size()) << size;
    // The first line altered at any place: what follows counts.
    if (size == 0 || size > first - 1) continue;
    std::string altered = whole;
    altered[size - 1] ^= 1;
    const Story rest = read_story(altered);
    ASSERT_FALSE(rest.is_known) << size;
    ASSERT_GE(rest.damaged, 1U);
    ASSERT_EQ(rest.tracks.at(0).parts.size(), 1U) << size;
  }
}

TEST_F(JournalTest, NeverMakesAMapOutOfLinesThatDoNotFollowEachOther) {
  journal->track_opened(base::Time(1s));
  SpanMap map(8000);
  map.add(Kind::silent, 100);
  map.add(Kind::received, 100);
  journal->mapped(0, map);
  const std::size_t before = text().size();
  map.add(Kind::lost, 100);
  journal->mapped(0, map);
  const std::size_t behind = text().size();
  map.add(Kind::received, 100);
  map.add(Kind::held, 100);
  journal->mapped(0, map);
  const std::string whole = text();
  const Story story = read_story(whole.substr(0, before) + whole.substr(behind));
  EXPECT_EQ(story.damaged, 1U);
  EXPECT_EQ(story.tracks[0].map.samples(), 200U);
}

TEST_F(JournalTest, LeadsNobodyOutOfTheSpool) {
  for (const char* file : {"../x.wav.part", "/etc/passwd", "", ".", "..", "a/b"}) {
    journal->part_opened(0, file, "wav", {8000, 1}, {});
  }
  const Story story = read_story(text());
  EXPECT_EQ(story.damaged, 6U);
  EXPECT_TRUE(story.tracks.empty() || story.tracks[0].parts.empty());
}

TEST_F(JournalTest, IsLockedAsLongAsItsRecordingLives) {
  const auto path = directory.path() / (journal->stem() + ".journal");
  const base::Fd other(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_NE(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
  journal.reset();
  EXPECT_EQ(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
}

TEST_F(JournalTest, HasANameOfItsOwn) {
  const auto second = Journal::open(spool, journal->stem());
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->stem(), "20261123T002318Z-call1-rec1-2");
  (*second)->remove();
  EXPECT_TRUE(std::filesystem::exists(directory.path() / (journal->stem() + ".journal")));
}

}  // namespace
