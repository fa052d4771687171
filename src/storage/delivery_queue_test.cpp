#include "storage/delivery_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>

#include "storage/stores/item_for_test.hpp"

namespace {

namespace fs = std::filesystem;
using namespace storage;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using State = DeliveryEntry::State;

const WallTime kStart = std::chrono::system_clock::from_time_t(1795393398);

class DeliveryQueueTest : public ::testing::Test {
 protected:
  DeliveryQueueTest() { restart(); }

  // As a process that was killed comes back: nothing is left but what is on disk.
  void restart() {
    queue.reset();
    journal = std::make_unique<DeliveryJournal>(disk.root / "spool");
    queue = std::make_unique<DeliveryQueue>(options, *journal, [this] { return jitter; });
    auto found = queue->recover(now);
    ASSERT_TRUE(found);
    recovered = std::move(*found);
  }
  void add(const std::string& id, std::vector<std::string> stores = {"main"}) {
    DeliveryEntry entry;
    entry.item = disk.item("audio of " + id, id);
    entry.stores = std::move(stores);
    ASSERT_TRUE(queue->add(entry, now));
  }
  std::string taken() {
    const auto job = queue->take(now);
    return job ? job->item.about.id + "@" + job->store : "";
  }
  bool in_spool(const std::string& name) const { return fs::exists(disk.root / "spool" / name); }

  storage::testing::Spooled disk{"/dev/shm"};
  DeliveryOptions options;
  double jitter = 1;
  WallTime now = kStart;
  std::unique_ptr<DeliveryJournal> journal;
  std::unique_ptr<DeliveryQueue> queue;
  DeliveryQueue::Recovered recovered;
};

TEST_F(DeliveryQueueTest, DeliversARecordingAndForgetsItOnceItIsStored) {
  add("r1");
  EXPECT_EQ(taken(), "r1@main");
  EXPECT_EQ(taken(), "") << "one recording is never delivered by two at a time";
  EXPECT_TRUE(queue->collect(now).empty());
  EXPECT_TRUE(in_spool("r1.mp3"));
  const auto stored = queue->succeeded("r1", {"https://s/r1.mp3"}, now);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->uri, "https://s/r1.mp3");
  EXPECT_THAT(queue->collect(now), ElementsAre("r1"));
  EXPECT_TRUE(fs::is_empty(disk.root / "spool"));
}

TEST_F(DeliveryQueueTest, KeepsTheLocalCopyForTheTimeThatIsConfigured) {
  options.keep = 1h;
  restart();
  add("r1");
  taken();
  ASSERT_TRUE(queue->succeeded("r1", {"u"}, now));
  EXPECT_TRUE(queue->collect(now + 59min).empty());
  EXPECT_EQ(queue->next_due(), now + 1h);
  restart();
  EXPECT_THAT(queue->collect(now + 1h), ElementsAre("r1"));
}

TEST_F(DeliveryQueueTest, WaitsLongerFromFailureToFailureUpToAnEnd) {
  add("r1");
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 12; ++i) {
    ASSERT_EQ(taken(), "r1@main");
    queue->failed("r1", "HTTP status 503", now);
    EXPECT_EQ(taken(), "");
    waits.push_back((queue->find("r1")->next - now) / 1s);
    now = *queue->next_due();
  }
  EXPECT_THAT(waits, ElementsAre(2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900));
  EXPECT_EQ(queue->stores().at("main").failures, 12);
  EXPECT_EQ(queue->stores().at("main").failing_since, kStart);
  EXPECT_EQ(queue->stores().at("main").error, "HTTP status 503");
}

TEST_F(DeliveryQueueTest, HalfOfTheWaitIsChance) {
  add("r1");
  jitter = 0;
  taken();
  queue->failed("r1", "x", now);
  EXPECT_EQ(*queue->next_due() - now, 1s);
}

TEST_F(DeliveryQueueTest, TriesAStoreThatFailsWithOneRecordingAtATimeAndThenWithAll) {
  for (const char* id : {"r1", "r2", "r3", "r4", "r5", "r6"}) add(id);
  for (const char* expected : {"r1@main", "r2@main", "r3@main", "r4@main", ""}) EXPECT_EQ(taken(), expected);
  for (const char* id : {"r1", "r2", "r3", "r4"}) queue->failed(id, "down", now);
  EXPECT_EQ(taken(), "") << "a store that has just failed is left alone";
  EXPECT_EQ(queue->next_due(), now + 16s);
  now += 16s;
  EXPECT_EQ(taken(), "r5@main");
  EXPECT_EQ(taken(), "") << "the others wait for what becomes of it";
  EXPECT_FALSE(queue->next_due()) << "and nobody looks before that";
  ASSERT_TRUE(queue->succeeded("r5", {"u"}, now));
  now += 5s;
  std::set<std::string> all;
  for (int i = 0; i < 4; ++i) all.insert(taken());
  EXPECT_EQ(all.size(), 4U);
  EXPECT_EQ(all.count(""), 0U);
}

TEST_F(DeliveryQueueTest, AFallbackGetsWhatThePrimaryHasFailedForLongEnough) {
  add("r1", {"main", "other"});
  EXPECT_EQ(taken(), "r1@main");
  queue->failed("r1", "down", now);
  now += 59s;
  EXPECT_EQ(taken(), "r1@main");
  queue->failed("r1", "down", now);
  now += 4s;
  EXPECT_EQ(taken(), "r1@main");
  queue->failed("r1", "down", now);
  EXPECT_EQ(taken(), "r1@other");
  const auto stored = queue->succeeded("r1", {"https://other/r1"}, now);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->store, "other");
}

TEST_F(DeliveryQueueTest, EverythingThatWaitsGoesToTheFallbackInAnOutageNotOneAMinute) {
  options.concurrency = 100;
  restart();
  add("r0", {"main", "other"});
  for (int i = 0; i < 4; ++i) {
    taken();
    queue->failed("r0", "down", now);
    now = *queue->next_due();
  }
  for (int i = 1; i < 50; ++i) add("r" + std::to_string(i), {"main", "other"});
  now += 60s;
  std::map<std::string, int> jobs;
  while (const auto job = queue->take(now)) ++jobs[job->store];
  EXPECT_EQ(jobs["main"], 1);
  EXPECT_EQ(jobs["other"], 49);
}

TEST_F(DeliveryQueueTest, ARecordingThatTheStoreDoesNotWantDoesNotHoldUpOthers) {
  add("bad");
  int bad = 0;
  int good = 0;
  for (int i = 0; i < 600; ++i) {  // ten minutes
    add("r" + std::to_string(i));
    while (const auto job = queue->take(now)) {
      const std::string& id = job->item.about.id;
      if (id == "bad") {
        ++bad;
        queue->failed(id, "HTTP status 413", now);
      } else {
        ++good;
        ASSERT_TRUE(queue->succeeded(id, {"u"}, now));
      }
    }
    queue->collect(now);
    now += 1s;
  }
  EXPECT_GE(good, 597);
  EXPECT_LE(bad, 12);
}

TEST_F(DeliveryQueueTest, TellsAStoreThatSomebodyMayHaveBeenThereBefore) {
  add("r1");
  EXPECT_EQ(queue->take(now)->item.attempt, 1);
  restart();  // killed in the middle of it
  EXPECT_EQ(recovered.waiting, 1U);
  now += 5s;
  const auto job = queue->take(now);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->item.attempt, 2);
  EXPECT_EQ(disk.content(job->item.pieces.front().path), "audio of r1");
}

TEST_F(DeliveryQueueTest, AnnouncesAgainWhatWasStoredWhenItWasKilledAndDoesNotDeliverIt) {
  options.keep = 1h;
  restart();
  add("r1");
  taken();
  ASSERT_TRUE(queue->succeeded("r1", {"https://s/r1"}, now));
  restart();
  ASSERT_EQ(recovered.stored.size(), 1U);
  EXPECT_EQ(recovered.stored.front().uri, "https://s/r1");
  EXPECT_EQ(taken(), "");
}

TEST_F(DeliveryQueueTest, FinishesWhatAPowerCutInterruptedBetweenTheEntryAndTheName) {
  add("r1");
  fs::rename(disk.root / "spool/r1.mp3", disk.root / "spool/r1.mp3.part");
  std::ofstream(disk.root / "spool/r1.delivery.new") << "{";
  restart();
  EXPECT_TRUE(in_spool("r1.mp3"));
  EXPECT_FALSE(in_spool("r1.delivery.new"));
  EXPECT_EQ(recovered.waiting, 1U);
}

TEST_F(DeliveryQueueTest, LeavesAnEntryThatCannotBeReadAndSaysWhy) {
  std::ofstream(disk.root / "spool/r1.delivery") << "{\"version\": 1";
  std::ofstream(disk.root / "spool/r2.delivery") << "{\"version\": 7}";
  restart();
  EXPECT_EQ(recovered.unreadable.size(), 2U);
  EXPECT_TRUE(in_spool("r1.delivery"));
  EXPECT_THAT(recovered.unreadable, ::testing::Contains(HasSubstr("r2.delivery: is of a version")));
}

TEST_F(DeliveryQueueTest, LeavesWhatIsSpoiledAloneUntilSomebodyAsksForIt) {
  add("r1");
  taken();
  queue->spoiled("r1", "r1.mp3 is missing");
  restart();
  now += 24h;
  EXPECT_EQ(taken(), "");
  EXPECT_TRUE(queue->collect(now).empty());
  queue->retry(now, "r1");
  EXPECT_EQ(taken(), "r1@main");
}

TEST_F(DeliveryQueueTest, OnlyOneProcessDeliversASpool) {
  ASSERT_TRUE(journal->lock());
  DeliveryJournal second(disk.root / "spool");
  const auto locked = second.lock();
  ASSERT_FALSE(locked);
  EXPECT_THAT(locked.error().text, HasSubstr("is in use by another process"));
}

// A store that is away for 24 hours while recordings come in and the server is killed every two hours, at times just
// after the store has got something and before that was written down.
TEST_F(DeliveryQueueTest, AnOutageOf24HoursWithRestartsLosesNothingAndDuplicatesNothing) {
  constexpr int kRecordings = 288;            // one in five minutes
  std::map<std::string, std::string> remote;  // key to content: putting the same again changes nothing
  std::map<std::string, int> announced;
  int puts = 0;
  int made = 0;
  int kills = 0;
  int unwritten = 0;
  std::uint32_t seed = 7;
  const WallTime store_is_back = kStart + 24h;
  for (now = kStart; now < kStart + 25h; now += 1s) {
    seed = seed * 1664525U + 1013904223U;
    jitter = static_cast<double>(seed >> 16U) / 65536;
    if ((now - kStart) % 5min == 0s && made < kRecordings) add("r" + std::to_string(made++));
    if ((now - kStart) % 2h == 1h + 7s || now == store_is_back + 20s) {
      ++kills;
      restart();
    }
    while (const auto job = queue->take(now)) {
      const std::string& id = job->item.about.id;
      ++puts;
      if (now < store_is_back) {
        queue->failed(id, "connection refused", now);
        continue;
      }
      const Piece& piece = job->item.pieces.front();
      const std::string bytes = disk.content(piece.path);
      ASSERT_TRUE(remote.count(piece.name) == 0 || (remote[piece.name] == bytes && job->item.attempt > 1));
      remote[piece.name] = bytes;
      if (puts % 7 == 0 && unwritten < 25) {  // killed before it could write down that it is there
        ++unwritten;
        restart();
        break;
      }
      ASSERT_TRUE(queue->succeeded(id, {"https://s/" + piece.name}, now));
      ++announced[id];
    }
    queue->collect(now);
  }
  EXPECT_EQ(remote.size(), 288U);
  EXPECT_EQ(announced.size(), 288U);
  for (const auto& [id, times] : announced) EXPECT_EQ(times, 1) << id;
  for (const auto& [name, bytes] : remote) EXPECT_EQ(bytes, "audio of " + name.substr(0, name.size() - 4));
  EXPECT_EQ(kills, 13);
  EXPECT_EQ(unwritten, 25) << "each of them was stored, and then delivered again to the same place";
  EXPECT_TRUE(fs::is_empty(disk.root / "spool")) << "local copies go once all is stored";
  EXPECT_LT(puts, 24 * 60 * 2) << "a store that is down is not hammered: once a minute, whatever waits";
  RecordProperty("attempts", puts);
  RecordProperty("kills", kills + unwritten);
}

}  // namespace
