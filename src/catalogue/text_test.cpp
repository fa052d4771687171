// What people read: times, tables, JSON, explanations; and what is copied out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utc.hpp"
#include "catalogue/explain.hpp"
#include "catalogue/export.hpp"
#include "catalogue/folder_for_test.hpp"
#include "catalogue/print.hpp"
#include "catalogue/time_text.hpp"

namespace catalogue {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::AllOf;
using testing::begun;
using ::testing::Contains;
using testing::ended;
using testing::ended_in;
using testing::Folder;
using ::testing::HasSubstr;
using testing::keeper_in;
using testing::kNoon;
using ::testing::Not;

Recording recording() { return {.begun = begun("one"), .ended = ended()}; }

std::vector<std::string> told(const Recording& recording, const std::vector<Attempt>& attempts = {},
                              FileState file = FileState::there) {
  return explain(recording, attempts, file, kNoon + hours(1));
}

TEST(TimeText, TakesDatesTimesAndAges) {
  const Instant day = Instant(std::chrono::sys_days(std::chrono::year(2026) / 11 / 22));
  EXPECT_EQ(parse_instant("2026-11-22", kNoon), day);
  EXPECT_EQ(parse_instant("2026-11-22T23:56", kNoon), day + hours(23) + std::chrono::minutes(56));
  EXPECT_EQ(parse_instant("2026-11-22T23:56:01Z", kNoon),
            day + hours(23) + std::chrono::minutes(56) + std::chrono::seconds(1));
  EXPECT_EQ(parse_instant("7d", kNoon), kNoon - hours(168));
  EXPECT_EQ(parse_instant("30m", kNoon), kNoon - std::chrono::minutes(30));
  for (const char* text : {"", "d", "7", "7w", "-7d", "99999999999d", "2026-13-01", "2026-02-30", "2026-11-22T24:00",
                           "2026-11-22T1", "2026-11-22 10:00", "2026-11-22Zx", "-026-11-22"}) {
    EXPECT_FALSE(parse_instant(text, kNoon)) << text;
  }
}

TEST(Print, ATableHasALineForEachAndNoControlCharacters) {
  Recording evil = recording();
  evil.begun.from = "sip:\x1b[2Jmallory\n@example.org";
  const std::string table = table_of({recording(), evil});
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 3);
  EXPECT_EQ(table.find('\x1b'), std::string::npos);
  EXPECT_THAT(table, AllOf(HasSubstr("0:30.0"), HasSubstr("120 kB"), HasSubstr("sip:alice@example.org")));
}

TEST(Print, JsonHoldsEverythingAndIsAlwaysUtf8) {
  Recording one = recording();
  one.begun.to = "sip:\xff@example.org";
  one.ended.gaps = {{"lost", 1000, 60, 0}};
  const auto json = nlohmann::json::parse(dump(json_of(one)));
  EXPECT_EQ(json["id"], "one");
  EXPECT_EQ(json["duration_ms"], 30000);
  EXPECT_EQ(json["gaps"][0]["length_ms"], 60);
  EXPECT_EQ(json["started"], base::utc_text(kNoon));
  EXPECT_EQ(json["deleted"], nullptr);
}

TEST(Print, LengthsAndSizesAreForPeople) {
  EXPECT_EQ(duration_text(milliseconds(34'040)), "0:34.0");
  EXPECT_EQ(duration_text(milliseconds(3'723'450)), "1:02:03.4");
  EXPECT_EQ(size_text(999), "999 B");
  EXPECT_EQ(size_text(2'500'000), "2.5 MB");
}

TEST(Explain, SaysWhyItEndedAndNothingElseWhereAllIsWell) {
  Recording one = recording();
  one.ended.loss.packets_received = 1500;
  one.ended.file = "/recordings/one.mp3";
  EXPECT_EQ(told(one), (std::vector<std::string>{"It ended after 30.0 s because the call ended."}));
}

TEST(Explain, SaysWhyItIsShort) {
  Recording one = recording();
  one.ended.duration = milliseconds(20000);
  one.ended.gaps = {{"paused", 5000, 0, 9000}};
  EXPECT_THAT(told(one), AllOf(Contains(HasSubstr("plays 20.0 s, which is 10.0 s less")),
                               Contains(HasSubstr("9.0 s of that the client had paused it"))));
  one.ended.state = State::interrupted;
  one.ended.reason = "interrupted";
  EXPECT_THAT(told(one), Contains(HasSubstr("at most the last second")));
  one.ended.state = State::failed;
  one.ended.reason = "error";
  one.ended.error = "write: No space left on device";
  EXPECT_THAT(told(one), Contains("What went wrong: write: No space left on device."));
}

TEST(Explain, SaysWhyItIsSilent) {
  Recording one = recording();
  one.ended.loss = {.silent = 15000, .overrun = 300, .packets_received = 90, .packets_lost = 10};
  EXPECT_THAT(told(one),
              AllOf(Contains(HasSubstr("For 15.0 s (50 %) the party sent nothing")),
                    Contains(HasSubstr("too slow to write")), Contains(HasSubstr("10 of 100 packets (10.0 %)"))));
  one.ended.loss = {.no_media_at_start = true};
  EXPECT_THAT(told(one), AllOf(Contains(HasSubstr("firewall")), Contains(HasSubstr("No packet was received"))));
}

TEST(Explain, SaysWhyItIsMissing) {
  Recording one = recording();
  one.ended.file = "/recordings/one.mp3";
  EXPECT_THAT(told(one, {}, FileState::gone), Contains(HasSubstr("it was not this server that deleted it")));
  one.deleted = kNoon;
  one.delete_reason = "retention";
  EXPECT_THAT(told(one), Contains(AllOf(HasSubstr("deleted on"), HasSubstr("retention"))));
  one = recording();
  one.ended.file = "/recordings/one.mp3";
  one.ended.delivery = Delivery::waiting;
  const std::vector<Attempt> attempts = {{"s3", kNoon, kNoon, "503 Slow Down", ""}};
  EXPECT_THAT(told(one, attempts), Contains(HasSubstr("1 tries failed, the last: 503 Slow Down")));
  one.ended.state = State::recording;
  EXPECT_THAT(told(one), Contains(HasSubstr("still growing")));
}

class ExportTest : public ::testing::Test {
 protected:
  base::Result<Exported> exported() {
    const auto database = open_for_reading(folder_ / "catalogue.sqlite");
    return export_recordings(*database, *list(*database, {}), folder_ / "catalogue.manifest",
                             folder_ / "catalogue.key.pub", folder_ / "out");
  }
  Folder folder_;
};

TEST_F(ExportTest, CopiesWhatIsThereWithItsProofs) {
  const auto keeper = keeper_in(folder_);
  keeper->post(begun("one"));
  keeper->post(Keeper::End{"one", ended_in(folder_, "one.mp3", "audio")});
  keeper->post(begun("growing"));
  keeper->turn(kNoon);
  const auto result = exported();
  ASSERT_TRUE(result) << result.error().text;
  EXPECT_EQ(result->recordings, 2U);
  EXPECT_EQ(result->files, 1U);
  EXPECT_TRUE(result->errors.empty());
  EXPECT_EQ(folder_.read("out/one.mp3"), "audio");
  EXPECT_EQ(folder_.read("out/SHA256SUMS"), sha256_of("audio") + "  one.mp3\n");
  EXPECT_EQ(folder_.read("out/catalogue.manifest"), folder_.read("catalogue.manifest"));
  EXPECT_THAT(folder_.read("out/recordings.json"), HasSubstr("\"id\":\"one\""));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/catalogue.key"));
  EXPECT_FALSE(exported()) << "there is something in it";
}

TEST_F(ExportTest, SaysWhatIsNotWhatItWas) {
  const auto keeper = keeper_in(folder_);
  keeper->post(begun("one"));
  keeper->post(Keeper::End{"one", ended_in(folder_, "one.mp3", "audio")});
  keeper->turn(kNoon);
  folder_.write("recordings/one.mp3", "other");
  const auto result = exported();
  ASSERT_TRUE(result);
  EXPECT_THAT(result->errors, Contains(HasSubstr("was changed")));
}

}  // namespace
}  // namespace catalogue
