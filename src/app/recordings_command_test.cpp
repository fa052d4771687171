#include "app/recordings_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include <nlohmann/json.hpp>

#include "app/decrypt_command.hpp"
#include "catalogue/folder_for_test.hpp"
#include "seal/sealer.hpp"

namespace app {
namespace {

using catalogue::Keeper;
using catalogue::testing::begun;
using catalogue::testing::ended_in;
using catalogue::testing::keeper_in;
using catalogue::testing::kNoon;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class RecordingsCommandTest : public ::testing::Test {
 protected:
  RecordingsCommandTest() : keeper_(keeper_in(folder_)) {
    for (const std::string id : {"one", "two"}) {
      keeper_->post(begun(id));
      keeper_->post(Keeper::End{id, ended_in(folder_, id + ".mp3", "audio of " + id)});
    }
    keeper_->post(begun("growing"));
    keeper_->turn(kNoon);
  }

  struct Ran {
    int status = -1;
    std::string out, err;
  };
  template <class Command>
  static Ran run_as(std::vector<std::string> arguments) {
    CLI::App cli;
    cli.require_subcommand(1);
    Command command(cli);
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    try {
      cli.parse(arguments);
    } catch (const CLI::ParseError& error) {
      return {2, {}, error.what()};
    }
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    Ran ran;
    ran.status = command.run();
    std::fflush(stdout);
    ran.out = ::testing::internal::GetCapturedStdout();
    ran.err = ::testing::internal::GetCapturedStderr();
    return ran;
  }
  Ran run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--catalogue", (folder_ / "catalogue.sqlite").string()});
    if (arguments[0] != "explain") arguments.insert(arguments.begin(), "recordings");
    return run_as<RecordingsCommand>(std::move(arguments));
  }
  bool has_file(const std::string& name) { return std::filesystem::exists(folder_ / ("recordings/" + name)); }

  const catalogue::testing::Folder folder_;
  const std::unique_ptr<Keeper> keeper_;  // a server, meanwhile
};

TEST_F(RecordingsCommandTest, ListsByFilterAsATableAndAsJson) {
  const Ran table = run({"list"});
  EXPECT_EQ(table.status, 0);
  EXPECT_THAT(table.out, AllOf(HasSubstr("STARTED"), HasSubstr("\none "), HasSubstr("growing")));
  EXPECT_THAT(run({"list", "--state", "recording"}).out, AllOf(Not(HasSubstr("\none ")), HasSubstr("growing")));
  EXPECT_THAT(run({"list", "--call", "call-of-two"}).out, AllOf(Not(HasSubstr("\none ")), HasSubstr("two")));
  std::istringstream lines(run({"list", "--json", "--limit", "2"}).out);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_TRUE(nlohmann::json::parse(line)["id"].is_string()) << line;
  }
  EXPECT_EQ(count, 2);
}

TEST_F(RecordingsCommandTest, RefusesWhatMakesNoSense) {
  EXPECT_EQ(run({"list", "--state", "lost"}).status, 2);
  EXPECT_EQ(run({"list", "--since", "yesterday"}).status, 2);
  EXPECT_EQ(run({"delete", "one"}).status, 2) << "without a reason";
  EXPECT_EQ(run({"show", "nobody"}).status, 1);
  EXPECT_EQ(run_as<RecordingsCommand>({"recordings", "list", "--catalogue", "/nowhere/c.sqlite"}).status, 1);
  EXPECT_EQ(
      run_as<RecordingsCommand>({"recordings", "delete", "x", "--reason", "y", "--catalogue", "/nowhere/c.sqlite"})
          .status,
      1);
}

TEST_F(RecordingsCommandTest, ShowsAndExplainsOne) {
  EXPECT_THAT(run({"show", "one.mp3"}).out, AllOf(HasSubstr("call-of-one"), HasSubstr("sip:bob@example.org")));
  const auto json = nlohmann::json::parse(run({"show", "one", "--json"}).out);
  EXPECT_EQ(json["sha256"], catalogue::sha256_of("audio of one"));
  EXPECT_EQ(json["attempts"].size(), 0U);
  EXPECT_THAT(run({"explain", "one"}).out, HasSubstr("because the call ended"));
  std::filesystem::remove(folder_ / "recordings/one.mp3");
  EXPECT_THAT(run({"explain", "one"}).out, HasSubstr("is gone, and it was not this server that deleted it"));
}

TEST_F(RecordingsCommandTest, VerifyIsSilentOnlyWhereAllIsAsItWas) {
  const std::string folder = (folder_ / "recordings").string();
  const Ran good = run({"verify", "--folder", folder});
  EXPECT_EQ(good.status, 0) << good.out << good.err;
  EXPECT_THAT(good.out, HasSubstr("all is as it was signed"));
  folder_.write("recordings/two.mp3", "audio of 2wo");
  const Ran bad = run({"verify", "--json", "--folder", folder});
  EXPECT_EQ(bad.status, 1);
  const auto json = nlohmann::json::parse(bad.out);
  ASSERT_EQ(json["findings"].size(), 1U) << bad.out;
  EXPECT_EQ(json["findings"][0]["kind"], "changed");
  EXPECT_EQ(json["findings"][0]["id"], "two");
  folder_.write("recordings/three.mp3", "put in");
  EXPECT_EQ(nlohmann::json::parse(run({"verify", "--json", "--folder", folder}).out)["findings"].size(), 2U);
}

TEST_F(RecordingsCommandTest, DeletesWhileAServerRunsAndSaysWhy) {
  EXPECT_EQ(run({"hold", "two", "--reason", "case 4711"}).status, 0);
  const Ran ran = run({"delete", "one", "two", "growing", "--reason", "asked by its owner"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("two: "), HasSubstr("legal hold"), HasSubstr("growing: ")));
  EXPECT_FALSE(has_file("one.mp3"));
  EXPECT_TRUE(has_file("two.mp3"));
  EXPECT_THAT(run({"explain", "one"}).out, HasSubstr("asked by its owner"));
  EXPECT_THAT(run({"list"}).out, Not(HasSubstr("\none ")));
  EXPECT_THAT(run({"list", "--all"}).out, HasSubstr("\none "));
  EXPECT_EQ(run({"release", "two"}).status, 0);
  EXPECT_EQ(run({"delete", "two", "--reason", "over"}).status, 0);
  keeper_->turn(kNoon);  // the server signs nothing twice
  EXPECT_EQ(run({"verify"}).status, 0) << run({"verify"}).out;
}

TEST_F(RecordingsCommandTest, LeavesToTheServerWhatLiesInAStore) {
  auto catalogue = catalogue::Catalogue::open(folder_ / "catalogue.sqlite");
  ASSERT_TRUE(catalogue->attempt("one", {"s3", kNoon, kNoon, "", "https://bucket/one.mp3"}));
  const Ran ran = run({"delete", "one", "--reason", "asked by its owner"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(has_file("one.mp3"));
  EXPECT_THAT(run({"list"}).out, HasSubstr("deleting"));
  std::string asked;
  const auto swept = catalogue::sweep(*catalogue,
                                      {.rules = {},
                                       .remove =
                                           [&](const catalogue::Recording& recording) {
                                             asked = recording.ended.uri;
                                             return catalogue::remove_local_files(recording);
                                           }},
                                      kNoon);
  ASSERT_TRUE(swept);
  EXPECT_EQ(asked, "https://bucket/one.mp3");
  EXPECT_FALSE(has_file("one.mp3"));
  EXPECT_THAT(run({"explain", "one"}).out, HasSubstr("asked by its owner"));
}

TEST_F(RecordingsCommandTest, AsksForAStoreAgain) {
  EXPECT_EQ(run({"retry", "one"}).status, 1) << "nothing waits";
  auto catalogue = catalogue::Catalogue::open(folder_ / "catalogue.sqlite");
  ASSERT_TRUE(catalogue->set_delivery("one", catalogue::Delivery::refused));
  EXPECT_EQ(run({"retry", "one"}).status, 0);
  EXPECT_THAT(run({"list", "--delivery", "waiting"}).out, HasSubstr("\none "));
}

TEST_F(RecordingsCommandTest, ExportsWhatIsAskedFor) {
  const Ran ran = run({"export", "one", "--to", (folder_ / "out").string()});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(folder_.read("out/one.mp3"), "audio of one");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/two.mp3"));
}

TEST_F(RecordingsCommandTest, DecryptsWithTheKeyThatWasMade) {
  const std::string key = (folder_ / "key").string();
  const Ran made = run_as<DecryptCommand>({"make-key", key});
  ASSERT_EQ(made.status, 0);
  EXPECT_EQ(run_as<DecryptCommand>({"make-key", key}).status, 1) << "there is one";
  const auto recipient = seal::Recipient::parse(made.out.substr(0, made.out.size() - 1));
  ASSERT_TRUE(recipient) << made.out;
  const std::vector<seal::Recipient> recipients = {*recipient};
  auto sealer = seal::Sealer::open(recipients);
  ASSERT_TRUE(sealer);
  std::vector<std::uint8_t> sealed;
  sealer->append(std::vector<std::uint8_t>(10, 'a'), sealed);
  sealer->flush(sealed);
  const std::string cut = folder_.write("cut.mp3.sealed", {sealed.begin(), sealed.end()});
  sealer->end(sealed);
  const std::string whole = folder_.write("x.mp3.sealed", {sealed.begin(), sealed.end()});

  EXPECT_EQ(run_as<DecryptCommand>({"decrypt", whole, "--identity", key}).status, 0);
  EXPECT_EQ(folder_.read("x.mp3"), "aaaaaaaaaa");
  const Ran short_one = run_as<DecryptCommand>({"decrypt", cut, "--identity", key});
  EXPECT_EQ(short_one.status, 3);
  EXPECT_THAT(short_one.err, HasSubstr("cut short, as by a crash; 10 bytes"));
  EXPECT_EQ(folder_.read("cut.mp3"), "aaaaaaaaaa");
  EXPECT_EQ(run_as<DecryptCommand>({"decrypt", whole, "--identity", key, "--verify"}).status, 0);
  sealed[sealed.size() - 40] ^= 1U;
  const Ran altered = run_as<DecryptCommand>(
      {"decrypt", folder_.write("y.mp3.sealed", {sealed.begin(), sealed.end()}), "--identity", key});
  EXPECT_EQ(altered.status, 1);
  EXPECT_THAT(altered.err, HasSubstr("the file was altered"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "y.mp3"));
  EXPECT_EQ(run_as<DecryptCommand>({"decrypt", key, "--identity", key}).status, 2);
  EXPECT_EQ(run_as<DecryptCommand>({"decrypt", whole, "--identity", whole}).status, 1);
}

}  // namespace
}  // namespace app
