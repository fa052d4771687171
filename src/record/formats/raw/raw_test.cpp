#include "record/formats/format_for_test.hpp"

namespace {

using namespace record;
using namespace record::testing;

class Raw : public FormatTest {};

TEST_F(Raw, IsTheSamplesAndNothingElse) {
  const auto audio = interleaved(tone(440, 801), tone(1000, 801));
  make("raw", audio, {8000, 2});
  const auto bytes = bytes_of(path());
  EXPECT_EQ(samples_of({bytes.begin(), bytes.end()}), audio);
}

TEST_F(Raw, PlaysAsTheLawThatWasAskedFor) {
  const auto audio = tone(440, 8000);
  for (const auto& [encoding, demuxer] : {std::pair("mulaw", "mulaw"), std::pair("alaw", "alaw")}) {
    make("raw", audio, {8000, 1}, {{"encoding", encoding}});
    EXPECT_EQ(std::filesystem::file_size(path()), 8000U);
    const auto heard = decoded(path(), std::string("-f ") + demuxer + " -ar 8000 -ac 1");
    EXPECT_NEAR(level(heard, 440), 10000, 100);
  }
}

TEST_F(Raw, RefusesAnEncodingThatItDoesNotKnow) {
  EXPECT_EQ(error_of("raw", {{"encoding", ""}}), "hint 'encoding': expected pcm16, mulaw or alaw");
}

}  // namespace
