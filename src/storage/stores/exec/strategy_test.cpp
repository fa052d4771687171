#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "storage/stores/item_for_test.hpp"

namespace {

using namespace storage;
using nlohmann::json;
using ::testing::HasSubstr;

const std::atomic<bool> kGoOn{false};

class ExecStrategyTest : public ::testing::Test {
 protected:
  std::string stored(const Item& item, std::vector<std::string> command, const std::atomic<bool>& stopping = kGoOn) {
    const json with = {{"strategy", "exec"}, {"command", std::move(command)}, {"timeout", 0.5}};
    const auto receipt = storage::testing::opened(with)->store(item, stopping);
    return receipt ? receipt->uri : receipt.error().text;
  }

  storage::testing::Spooled disk;
};

TEST_F(ExecStrategyTest, GivesTheCommandTheRecordingAsJsonAndTakesItsUri) {
  const std::string copy = (disk.root / "input").string();
  const Item item = disk.item("audio");
  EXPECT_EQ(stored(item, {"sh", "-c", "cat > \"$1\"; echo ftp://x/$0; echo more", "y", copy}), "ftp://x/y");
  const json input = json::parse(disk.content(copy));
  EXPECT_EQ(input["id"], "20261123T002318Z-c1-r1");
  EXPECT_EQ(input["action"], "store");
  EXPECT_EQ(input["attempt"], 1);
  EXPECT_EQ(input["from"], "sip:alice@example.com");
  EXPECT_EQ(input["began"], "2026-11-23T00:23:18.000Z");
  EXPECT_EQ(input["files"][0]["path"], item.pieces[0].path.string());
  EXPECT_EQ(input["files"][0]["sha256"], item.pieces[0].sha256);
  EXPECT_EQ(input["files"][1]["name"], item.pieces[1].name);
}

TEST_F(ExecStrategyTest, UsesNoShell) { EXPECT_EQ(stored(disk.item("audio"), {"echo", "x:$(id);>|"}), "x:$(id);>|"); }

TEST_F(ExecStrategyTest, SaysHowTheCommandEndedAndWhatItSaid) {
  const Item item = disk.item("audio");
  EXPECT_EQ(stored(item, {"sh", "-c", "echo 'no route\nto host' >&2; exit 3"}), "sh: exit status 3: no route to host");
  EXPECT_EQ(stored(item, {"sh", "-c", "kill -9 $$"}), "sh: ended by signal 9");
  EXPECT_EQ(stored(item, {"true"}), "true: exit status 0, but no uri on its first line of output");
  EXPECT_THAT(stored(item, {"/nowhere/upload"}), HasSubstr("run /nowhere/upload: No such file or directory"));
}

TEST_F(ExecStrategyTest, EndsWhatTakesTooLongWithAllThatItHasStarted) {
  const std::string pid_file = (disk.root / "pid").string();
  const Item item = disk.item("audio");
  EXPECT_EQ(stored(item, {"sh", "-c", "sleep 60 & echo $! > \"$0\"; wait", pid_file}), "sh: took too long");
  const int pid = std::stoi(disk.content(pid_file));
  std::string state;  // gone, or a zombie that init has not looked at yet
  for (int i = 0; i < 1000; ++i) {
    const std::string stat = disk.content("/proc/" + std::to_string(pid) + "/stat");
    const auto at = stat.rfind(") ");
    state = at == std::string::npos ? "" : stat.substr(at + 2, 1);
    if (state.empty() || state == "Z" || state == "X") break;
    ::usleep(10'000);  // it has been killed, and has not run since
  }
  EXPECT_TRUE(state.empty() || state == "Z" || state == "X") << state;
  const std::atomic<bool> stop{true};
  EXPECT_EQ(stored(item, {"sleep", "60"}, stop), "sleep: ended because the server stops");
}

TEST_F(ExecStrategyTest, NeedsACommand) {
  EXPECT_EQ(storage::testing::refusal({{"strategy", "exec"}}), "command: expected a list: a program and its arguments");
  EXPECT_EQ(storage::testing::refusal({{"strategy", "exec"}, {"command", "a b"}}),
            "command: expected a list of strings");
}

TEST_F(ExecStrategyTest, IsToldWhatToDeleteIfItSaysThatItCan) {
  const std::string copy = (disk.root / "input").string();
  const Item item = disk.item("audio");
  json with = {{"strategy", "exec"}, {"command", {"sh", "-c", "cat > \"$0\"; exit 0", copy}}, {"timeout", 5}};
  const auto refused = storage::testing::opened(with)->remove(item, "ftp://x/y", kGoOn);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::Kind::not_supported);
  with["delete"] = true;
  ASSERT_TRUE(storage::testing::opened(with)->remove(item, "ftp://x/y", kGoOn));
  const json input = json::parse(disk.content(copy));
  EXPECT_EQ(input["action"], "delete");
  EXPECT_EQ(input["uri"], "ftp://x/y");
  EXPECT_EQ(input["files"][1]["name"], item.pieces[1].name);
  with["command"] = {"sh", "-c", "echo 'who?' >&2; exit 1"};
  const auto failed = storage::testing::opened(with)->remove(item, "ftp://x/y", kGoOn);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().text, "sh: exit status 1: who?");
}

}  // namespace
