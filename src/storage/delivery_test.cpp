// The threads together, with real stores in directories; what the queue decides is tested in delivery_queue_test.cpp.
#include "storage/delivery.hpp"

#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/stores/item_for_test.hpp"
#include "storage/stores/python_for_test.hpp"

namespace {

namespace fs = std::filesystem;
using namespace storage;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

class DeliveryTest : public ::testing::Test {
 protected:
  Settings store(const std::string& folder) const {
    return Settings({{"strategy", "file"}, {"directory", (disk.root / folder).string()}});
  }
  DeliveryEntry entry(const std::string& id) const {
    DeliveryEntry entry;
    entry.item = disk.item("audio of " + id, id);
    entry.stores = {"main"};
    return entry;
  }
  DeliverySettings settings() const {
    DeliverySettings settings;
    settings.stores.emplace("main", store("kept"));
    settings.queue.first_retry = 10ms;
    return settings;
  }
  fs::path spool() const { return disk.root / "spool"; }

  storage::testing::Spooled disk;
};

TEST_F(DeliveryTest, StoresWhatIsSubmittedAndRemovesTheLocalCopy) {
  constexpr int kMany = 20;
  std::atomic<int> removed{0};
  std::promise<void> all;
  std::map<std::string, std::string> uris;
  Delivery delivery(spool(), settings(),
                    {.stored = [&](const DeliveryEntry& e) { uris[e.id()] = e.uri; },
                     .removed =
                         [&](const std::string&) {
                           if (++removed == kMany) all.set_value();
                         }});
  ASSERT_TRUE(delivery.start());
  for (int i = 0; i < kMany; ++i) delivery.submit(entry("r" + std::to_string(i)));
  ASSERT_EQ(all.get_future().wait_for(30s), std::future_status::ready);
  delivery.stop();
  EXPECT_EQ(uris.size(), 20U);
  EXPECT_EQ(disk.content(disk.root / "kept/2026-11-23/r7.mp3"), "audio of r7");
  EXPECT_EQ(uris["r7"], "file:" + (disk.root / "kept/2026-11-23/r7.mp3").string());
  EXPECT_EQ(std::distance(fs::directory_iterator(spool()), {}), 1) << "the lock";
}

TEST_F(DeliveryTest, GoesOnUntilItWorksAndTellsTheStateOfItsStores) {
  std::ofstream(disk.root / "kept") << "in the way";
  std::promise<std::string> failed;
  std::promise<std::string> stored;
  bool first = true;
  Delivery delivery(spool(), settings(),
                    {
                        .stored = [&](const DeliveryEntry& e) { stored.set_value(e.id()); },
                        .failed =
                            [&](const std::string&, const std::string&, const std::string& error) {
                              if (first) failed.set_value(error);
                              first = false;
                            },
                    });
  ASSERT_TRUE(delivery.start());
  delivery.submit(entry("r1"));
  EXPECT_THAT(failed.get_future().get(), HasSubstr("Not a directory"));
  std::promise<DeliveryState> state;
  delivery.ask([&](const DeliveryState& now) { state.set_value(now); });
  const DeliveryState told = state.get_future().get();
  EXPECT_GE(told.stores.at("main").failures, 1);
  EXPECT_EQ(told.waiting + told.busy, 1U);
  fs::remove(disk.root / "kept");
  delivery.retry();
  EXPECT_EQ(stored.get_future().get(), "r1");
}

TEST_F(DeliveryTest, TakesUpWhatTheProcessBeforeItHasLeft) {
  {
    std::ofstream(disk.root / "kept") << "in the way";
    std::promise<void> failed;
    std::atomic<int> times{0};
    Delivery delivery(spool(), settings(),
                      {
                          .failed =
                              [&](const auto&, const auto&, const auto&) {
                                if (++times == 1) failed.set_value();
                              },
                      });
    ASSERT_TRUE(delivery.start());
    delivery.submit(entry("r1"));
    failed.get_future().get();
  }
  EXPECT_EQ(disk.content(spool() / "r1.mp3"), "audio of r1");
  fs::remove(disk.root / "kept");
  std::promise<std::string> stored;
  Delivery delivery(spool(), settings(),
                    {
                        .stored = [&](const DeliveryEntry& e) { stored.set_value(e.uri); },
                    });
  ASSERT_TRUE(delivery.start());
  delivery.retry();
  EXPECT_THAT(stored.get_future().get(), HasSubstr("/kept/2026-11-23/r1.mp3"));
}

TEST_F(DeliveryTest, DoesNotBlameTheStoreForWhatIsMissingInTheSpool) {
  std::promise<std::string> failed;
  Delivery delivery(spool(), settings(),
                    {
                        .failed = [&](const auto&, const auto&, const std::string& error) { failed.set_value(error); },
                    });
  ASSERT_TRUE(delivery.start());
  DeliveryEntry one = entry("r1");
  std::ofstream(one.item.pieces[0].path, std::ios::app) << "more";
  delivery.submit(one);
  EXPECT_THAT(failed.get_future().get(), HasSubstr("has not the size that was recorded"));
  std::promise<DeliveryState> state;
  delivery.ask([&](const DeliveryState& now) { state.set_value(now); });
  EXPECT_EQ(state.get_future().get().stores.at("main").failures, 0);
  EXPECT_TRUE(fs::exists(one.item.pieces[0].path));
}

// Every fault of the list once or more, the whole of it stopped and started again in the middle of uploads.
TEST_F(DeliveryTest, AnS3ThatMisbehavesAndRestartsLoseNothingAndDuplicateNothing) {
  if (find_strategy("s3") == nullptr) GTEST_SKIP() << "built without s3";
  constexpr int kMany = 40;
  const storage::testing::PythonServer s3("s3_server.py");
  s3.misbehave({{{"fault", "error"}, {"times", 9}},
                {{"fault", "reset"}, {"times", 5}, {"method", "PUT"}},
                {{"fault", "lost-answer"}, {"times", 9}, {"method", "PUT"}},
                {{"fault", "expired"}, {"times", 5}},
                {{"fault", "corrupt"}, {"times", 3}},
                {{"fault", "wrong-sum"}, {"times", 3}},
                {{"fault", "slow"}, {"times", 4}, {"seconds", 0.3}}});
  DeliverySettings with;
  with.stores.emplace("main", Settings({{"strategy", "s3"},
                                        {"endpoint", s3.url()},
                                        {"bucket", "recordings"},
                                        {"access-key", "test-access"},
                                        {"secret-key", "test-secret"},
                                        {"stall-timeout", 2}}));
  with.queue.first_retry = 5ms;
  with.queue.longest_retry = 50ms;
  with.queue.longest_probe = 20ms;
  std::map<std::string, int> stored;
  std::vector<DeliveryEntry> entries;
  for (int i = 0; i < kMany; ++i) entries.push_back(entry("r" + std::to_string(i)));
  for (int life = 0; life < 200 && stored.size() < kMany; ++life) {
    std::promise<void> enough;  // of this life
    int seen = 0;
    bool told = false;
    Delivery delivery(spool(), with,
                      {
                          .stored =
                              [&](const DeliveryEntry& e) {
                                ++stored[e.id()];
                                ++seen;
                                if (told || (seen < 5 && stored.size() < kMany)) return;
                                told = true;
                                enough.set_value();
                              },
                      });
    ASSERT_TRUE(delivery.start());
    if (life == 0) {
      for (const DeliveryEntry& one : entries) delivery.submit(one);
    }
    delivery.retry();
    ASSERT_EQ(enough.get_future().wait_for(60s), std::future_status::ready);
  }
  EXPECT_EQ(stored.size(), 40U);
  const nlohmann::json objects = s3.state()["objects"];
  EXPECT_EQ(objects.size(), 80U) << "each with its sidecar, and nothing else";
  for (const DeliveryEntry& one : entries) {
    for (const Piece& piece : one.item.pieces) {
      EXPECT_EQ(objects.at("2026-11-23/" + piece.name)["sha256"], piece.sha256) << piece.name;
    }
  }
  EXPECT_EQ(s3.state()["uploads"], 0);
}

// A child delivers and is killed at moments of no one's choosing, until everything is there.
TEST_F(DeliveryTest, SigkillAtAnyMomentLosesNothingAndDuplicatesNothing) {
  if (find_strategy("s3") == nullptr) GTEST_SKIP() << "built without s3";
  constexpr int kMany = 60;
  const storage::testing::PythonServer s3("s3_server.py");
  s3.misbehave({{{"fault", "error"}, {"times", 5}}, {{"fault", "lost-answer"}, {"times", 10}, {"method", "PUT"}}});
  std::vector<DeliveryEntry> entries;
  for (int i = 0; i < kMany; ++i) {
    entries.push_back(entry("r" + std::to_string(i)));
    ASSERT_TRUE(DeliveryJournal(spool()).begin(entries.back()));
  }
  const auto is_empty = [&] { return std::distance(fs::directory_iterator(spool()), {}) == 1; };  // but the lock
  int kills = 0;
  for (; kills < 500 && (kills == 0 || !is_empty()); ++kills) {
    const pid_t child = ::fork();
    if (child == 0) {
      DeliverySettings with;
      with.stores.emplace("main", Settings({{"strategy", "s3"},
                                            {"endpoint", s3.url()},
                                            {"bucket", "recordings"},
                                            {"access-key", "test-access"},
                                            {"secret-key", "test-secret"}}));
      with.queue.first_retry = 1ms;
      with.queue.longest_probe = 5ms;
      Delivery delivery(spool(), with, {});
      if (!delivery.start()) ::_exit(1);
      delivery.retry();
      for (;;) ::pause();
    }
    ::usleep(20'000 + (static_cast<unsigned>(kills) * 7919U) % 150'000U);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  EXPECT_TRUE(is_empty());
  EXPECT_GT(kills, 3);
  RecordProperty("kills", kills);
  const nlohmann::json objects = s3.state()["objects"];
  EXPECT_EQ(objects.size(), 120U);
  for (const DeliveryEntry& one : entries) {
    for (const Piece& piece : one.item.pieces) {
      ASSERT_TRUE(objects.contains("2026-11-23/" + piece.name)) << piece.name;
      EXPECT_EQ(objects.at("2026-11-23/" + piece.name)["sha256"], piece.sha256);
    }
  }
}

// Recordings grow while others are delivered, some are discarded; one upload at a time, so that all of it competes.
TEST_F(DeliveryTest, WhatGrowsIsThereWhenItIsSubmittedAndWhatIsDiscardedIsAborted) {
  if (find_strategy("s3") == nullptr) GTEST_SKIP() << "built without s3";
  constexpr std::size_t kPart = 5U << 20U;
  const storage::testing::PythonServer s3("s3_server.py");
  for (const int concurrency : {1, 3}) {
    DeliverySettings with;
    with.stores.emplace("main", Settings({{"strategy", "s3"},
                                          {"endpoint", s3.url()},
                                          {"bucket", "recordings"},
                                          {"access-key", "test-access"},
                                          {"secret-key", "test-secret"},
                                          {"part-size", kPart}}));
    with.queue.concurrency = concurrency;
    with.growth.look = 20ms;
    std::atomic<int> removed{0};
    std::promise<void> all;
    Delivery delivery(spool(), with, {.removed = [&](const std::string&) {
                        if (++removed == 6) all.set_value();
                      }});
    ASSERT_TRUE(delivery.start());
    const std::string run = std::to_string(concurrency);
    const auto wait_until = [&](const std::function<bool(const nlohmann::json&)>& holds) {
      for (int i = 0; i < 3000 && !holds(s3.state()); ++i) ::usleep(10'000);
      return holds(s3.state());
    };
    const auto names = [&](int number) { return "grown" + run + "-" + std::to_string(number) + ".mp3"; };
    std::vector<std::string> sha256s;
    for (int i = 0; i < 4; ++i) {
      const Piece part = disk.piece(names(i) + ".part", std::string(3 * kPart + 200'000, static_cast<char>('a' + i)));
      sha256s.push_back(part.sha256);
      Growing growing;
      growing.about = entry(names(i).substr(0, names(i).size() - 4)).item.about;
      growing.piece = part;
      growing.piece.name = names(i);
      fs::remove(spool() / names(i));
      delivery.growing(growing, {"main"});
    }
    for (int i = 0; i < 3; ++i) delivery.submit(entry("whole" + run + std::to_string(i)));
    EXPECT_TRUE(wait_until([&](const nlohmann::json& state) {
      const auto& parts = state["parts"];
      for (int i = 0; i < 4; ++i) {
        if (parts.value("2026-11-23/" + names(i), nlohmann::json()) != nlohmann::json({2, 3})) return false;
      }
      return true;
    }));
    fs::remove(spool() / (names(3) + ".part"));
    delivery.gone(names(3).substr(0, names(3).size() - 4));
    for (int i = 0; i < 3; ++i) {
      DeliveryEntry one;
      one.item.about = disk.item("", "unused").about;
      one.item.about.id = names(i).substr(0, names(i).size() - 4);
      const auto size = fs::file_size(spool() / (names(i) + ".part"));
      one.item.pieces = {{spool() / names(i), names(i), size, sha256s[static_cast<std::size_t>(i)], "audio/mpeg"}};
      one.stores = {"main"};
      delivery.submit(one);
    }
    ASSERT_EQ(all.get_future().wait_for(60s), std::future_status::ready);
    EXPECT_TRUE(wait_until([](const nlohmann::json& state) { return state["uploads"] == 0; }));
    delivery.stop();
    const nlohmann::json state = s3.state();
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(state["objects"].at("2026-11-23/" + names(i))["sha256"], sha256s[static_cast<std::size_t>(i)]);
    }
    EXPECT_FALSE(state["objects"].contains("2026-11-23/" + names(3)));
    for (const auto& one : fs::directory_iterator(spool())) EXPECT_NE(one.path().extension(), ".upload") << one.path();
  }
}

// The process that uploads what grows dies at moments of no one's choosing; others take it up, and deliver it.
TEST_F(DeliveryTest, SigkillWhileItGrowsLeavesOneCopyAndNoUploads) {
  if (find_strategy("s3") == nullptr) GTEST_SKIP() << "built without s3";
  constexpr std::size_t kPart = 5U << 20U;
  constexpr int kMany = 4;
  constexpr int kKillsWhileGrowing = 10;
  const storage::testing::PythonServer s3("s3_server.py");
  s3.misbehave({{{"fault", "lost-answer"}, {"times", 6}}, {{"fault", "error"}, {"times", 3}, {"method", "PUT"}}});
  std::vector<DeliveryEntry> entries;
  std::vector<Growing> growing;
  for (int i = 0; i < kMany; ++i) {
    DeliveryEntry one;
    one.item.about = disk.item("", "unused").about;
    one.item.about.id = "r" + std::to_string(i);
    one.item.pieces = {disk.piece(one.id() + ".mp3", std::string(4 * kPart, static_cast<char>('a' + i)))};
    one.stores = {"main"};
    entries.push_back(one);
    growing.push_back({one.item.about, one.item.pieces.front()});
    growing.back().piece.path += ".part";
    fs::rename(one.item.pieces.front().path, growing.back().piece.path);
  }
  fs::remove(spool() / "unused.mp3");
  fs::remove(spool() / "unused.json");
  const auto is_empty = [&] { return std::distance(fs::directory_iterator(spool()), {}) == 1; };  // but the lock
  int kills = 0;
  for (; kills < 300 && (kills == 0 || !is_empty()); ++kills) {
    const pid_t child = ::fork();
    if (child == 0) {
      DeliverySettings with;
      with.stores.emplace("main", Settings({{"strategy", "s3"},
                                            {"endpoint", s3.url()},
                                            {"bucket", "recordings"},
                                            {"access-key", "test-access"},
                                            {"secret-key", "test-secret"},
                                            {"part-size", kPart},
                                            {"multipart-above", kPart}}));
      with.queue.first_retry = 1ms;
      with.queue.longest_probe = 5ms;
      with.growth.look = 5ms;
      Delivery delivery(spool(), with, {});
      if (!delivery.start()) ::_exit(1);
      for (std::size_t i = 0; i < entries.size(); ++i) {
        if (kills < kKillsWhileGrowing) delivery.growing(growing[i], {"main"});
        if (kills == kKillsWhileGrowing) delivery.submit(entries[i]);
      }
      delivery.retry();
      for (;;) ::pause();
    }
    ::usleep(50'000 + (static_cast<unsigned>(kills) * 7919U) % 250'000U);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    if (kills == kKillsWhileGrowing) {
      for (const DeliveryEntry& one : entries) ASSERT_TRUE(DeliveryJournal(spool()).begin(one)) << "what submit() does";
    }
  }
  EXPECT_TRUE(is_empty());
  EXPECT_GT(kills, kKillsWhileGrowing);
  const nlohmann::json state = s3.state();
  EXPECT_EQ(state["uploads"], 0);
  EXPECT_EQ(state["objects"].size(), entries.size());
  for (const DeliveryEntry& one : entries) {
    EXPECT_EQ(state["objects"].at("2026-11-23/" + one.id() + ".mp3")["sha256"], one.item.pieces[0].sha256);
  }
}

TEST_F(DeliveryTest, TellsAtStartWhichStoreIsConfiguredWrongly) {
  DeliverySettings wrong = settings();
  wrong.stores.emplace("second", Settings({{"strategy", "file"}, {"directory", "b"}}));
  Delivery delivery(spool(), wrong, {});
  const auto started = delivery.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().text, "store 'second': directory: expected an absolute path");
}

}  // namespace
