#include "rayo/untold.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

namespace {

using rayo::Instant;
using rayo::Untold;
using rayo::UntoldEvent;
using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace fs = std::filesystem;

xmpp::Jid jid(const char* text) { return *xmpp::Jid::parse(text); }

const xmpp::Jid kCall = jid("c1@localhost");
const xmpp::Jid kClient = jid("juliet@localhost/a b");

record::Outcome outcome(const std::string& uri) {
  return {.reason = record::EndReason::interrupted,
          .error = "killed",
          .uri = uri,
          .duration = milliseconds(1500),
          .size = 42,
          .stats = {}};
}

class UntoldTest : public ::testing::Test {
 protected:
  UntoldTest() : folder_(fs::temp_directory_path() / ("untold-" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
  }
  ~UntoldTest() override { fs::remove_all(folder_); }

  rayo::UntoldOptions options(std::size_t most = 100) { return {.folder = folder_, .keep = hours(1), .most = most}; }
  // What can be told now, in order; it is told.
  std::vector<std::string> tell(Untold& untold) {
    std::vector<std::string> told;
    while (const UntoldEvent* event = untold.next([](const UntoldEvent&) { return true; }, now_)) {
      const bool is_end = event->kind == UntoldEvent::Kind::end;
      told.push_back(is_end ? "end of " + event->host.str() : event->id + " " + event->outcome.uri);
      untold.settle(std::string(event->id));
    }
    return told;
  }

  const fs::path folder_;
  Instant now_{std::chrono::seconds(1'700'000'000)};
};

TEST_F(UntoldTest, ARecordingThatWasToldIsForgotten) {
  {
    Untold untold(options());
    untold.start(now_);
    untold.begin("r1", kCall, false, kClient);
    EXPECT_THAT(tell(untold), IsEmpty());
    untold.settle("r1");
    EXPECT_FALSE(untold.has_of(kCall));
  }
  Untold next(options());
  next.start(now_);
  EXPECT_EQ(next.size(), 0U);
  EXPECT_FALSE(next.is_awaited("r1"));
}

TEST_F(UntoldTest, AfterAKillEachRecordingIsAwaitedAndTheEndOfItsCallFollowsTheLast) {
  {
    Untold untold(options());
    untold.start(now_);
    untold.begin("r1", kCall, false, kClient);
    untold.begin("r2", kCall, false, kClient);
    untold.begin("m1", jid("tea@localhost"), true, kClient);
  }
  Untold next(options());
  next.start(now_);
  EXPECT_TRUE(next.is_awaited("r1"));
  EXPECT_THAT(tell(next), IsEmpty());
  next.set_due("r2", outcome("file:/2"), now_);
  EXPECT_THAT(tell(next), ElementsAre("r2 file:/2"));
  next.set_due("m1", outcome("file:/m"), now_);
  next.set_due("r1", outcome("file:/1"), now_);
  next.set_due("r1", outcome("file:/again"), now_);  // one terminal state
  EXPECT_THAT(tell(next), ElementsAre("m1 file:/m", "r1 file:/1", "end of c1@localhost"));
  EXPECT_EQ(next.size(), 0U);
}

TEST_F(UntoldTest, WhatIsDueOutlivesAnyNumberOfProcessesInItsOrder) {
  {
    Untold untold(options());
    untold.start(now_);
    untold.begin("r1", kCall, false, kClient);
    untold.begin("r2", kCall, false, kClient);
    untold.set_due("r2", outcome("file:/2"), now_, jid("juliet@localhost/garden"));
    now_ += milliseconds(5);
    untold.set_due("r1", outcome("file:/1"), now_);
    now_ += milliseconds(5);
    untold.add_end(kCall, kClient, {call::EndReason::hungup, 200, {}}, now_);
  }
  for (int i = 0; i < 3; ++i) Untold(options()).start(now_);
  Untold next(options());
  next.start(now_);
  const UntoldEvent* first = next.next([](const UntoldEvent&) { return true; }, now_);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->client.str(), "juliet@localhost/garden");
  EXPECT_EQ(first->outcome.duration, milliseconds(1500));
  EXPECT_EQ(first->outcome.size, 42U);
  EXPECT_EQ(first->outcome.error, "killed");
  EXPECT_THAT(tell(next), ElementsAre("r2 file:/2", "r1 file:/1", "end of c1@localhost"));
}

TEST_F(UntoldTest, NobodyWaitsForEverForWhatRecoveryDidNotFind) {
  {
    Untold untold(options());
    untold.start(now_);
    untold.begin("lost", kCall, false, kClient);
    untold.begin("kept", kCall, false, kClient);
  }
  Untold next(options());
  next.start(now_);
  next.close_awaited({"kept"}, now_);
  EXPECT_THAT(tell(next), ElementsAre("lost "));
  EXPECT_TRUE(next.is_awaited("kept"));
}

TEST_F(UntoldTest, WhoDoesNotComeBackInTimeIsNotTold) {
  Untold untold(options());
  untold.start(now_);
  untold.begin("old", kCall, false, kClient);
  untold.begin("new", jid("c2@localhost"), false, kClient);
  untold.begin("open", jid("c3@localhost"), false, kClient);
  untold.set_due("old", outcome("file:/old"), now_);
  now_ += std::chrono::minutes(59);
  untold.set_due("new", outcome("file:/new"), now_);
  now_ += std::chrono::minutes(1);
  EXPECT_THAT(tell(untold), ElementsAre("new file:/new"));
  EXPECT_EQ(untold.size(), 1U);  // a recording may take as long as it likes
}

TEST_F(UntoldTest, OfTooManyTheOldestGo) {
  Untold untold(options(2));
  untold.start(now_);
  for (const char* id : {"r1", "r2", "r3"}) {
    untold.begin(id, kCall, false, kClient);
    untold.set_due(id, outcome(id), now_);
  }
  EXPECT_THAT(tell(untold), ElementsAre("r2 r2", "r3 r3"));
}

TEST_F(UntoldTest, ARecordingWhoseNoteWasLostIsToldAsItsJournalSays) {
  Untold untold(options());
  untold.start(now_);
  auto event = rayo::parse_asker("r1", rayo::asker_text(kCall, false, kClient));
  auto other = rayo::parse_asker("r2", rayo::asker_text(kCall, false, kClient));
  ASSERT_TRUE(event && other);
  EXPECT_EQ(event->client, kClient);
  EXPECT_FALSE(event->on_mixer);
  untold.add(*event, outcome("file:/1"), now_);
  EXPECT_THAT(tell(untold), ElementsAre("r1 file:/1", "end of c1@localhost"));
  untold.add(*other, outcome("file:/2"), now_);
  EXPECT_THAT(tell(untold), ElementsAre("r2 file:/2"));  // a call ends once
  EXPECT_TRUE(rayo::parse_asker("m1", rayo::asker_text(jid("tea@localhost"), true, kClient))->on_mixer);
  for (const char* text : {"", "mixer ", "c1@localhost", "c1@localhost juliet@localhost", "localhost j@localhost/a",
                           "c1@localhost/x j@localhost/a", "juliet@example.org/balcony"}) {
    EXPECT_FALSE(rayo::parse_asker("r1", text)) << text;
  }
}

TEST_F(UntoldTest, ANoteThatCannotBeReadIsPutAway) {
  fs::create_directories(folder_);
  for (const char* text : {"", "{", "{}", "[1]", R"({"host":"c1@localhost","client":"a@b"})",
                           R"({"host":"c1@localhost","client":"a@b/c","due":1,"reason":99})",
                           R"({"host":"c1@localhost","client":"a@b/c","end":1})"}) {
    std::ofstream(folder_ / "bad.json") << text;
    Untold untold(options());
    untold.start(now_);
    EXPECT_EQ(untold.size(), 0U) << text;
  }
  Untold untold(options());
  untold.start(now_);
  EXPECT_FALSE(fs::exists(folder_ / "bad.json"));
}

}  // namespace
