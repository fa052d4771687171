#include <fcntl.h>
#include <gtest/gtest.h>

#include "record/formats/format.hpp"
#include "record/playback_for_test.hpp"

namespace {

using namespace record;
using namespace record::testing;

class Wav : public ::testing::Test {
 protected:
  std::unique_ptr<Encoder> open(AudioFormat audio) {
    file_ = std::make_unique<OutputFile>(base::Fd(::open(path().c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600)));
    auto encoder = find_format("wav")->open(*file_, audio, {}, {});
    EXPECT_TRUE(encoder);
    return encoder ? std::move(*encoder) : nullptr;
  }
  std::filesystem::path path() const { return directory_.path() / "x.wav"; }

  TemporaryDirectory directory_;
  std::unique_ptr<OutputFile> file_;
};

TEST_F(Wav, GivesBackEverySampleThatWasWritten) {
  const auto audio = interleaved(tone(440, 8001), tone(1000, 8001));
  const auto encoder = open({8000, 2});
  ASSERT_TRUE(encoder->write(audio));
  ASSERT_TRUE(encoder->finish());
  EXPECT_EQ(decoded(path()), audio);
  EXPECT_EQ(encoder->samples(), 8001U);
  EXPECT_NEAR(probed_duration(path()), 8001 / 8000.0, 0.001);
  EXPECT_NEAR(soxi_duration(path()), 8001 / 8000.0, 0.001);
}

TEST_F(Wav, WithoutAudioIsAHeader) {
  const auto encoder = open({8000, 1});
  ASSERT_TRUE(encoder->finish());
  EXPECT_EQ(std::filesystem::file_size(path()), 44U);
  EXPECT_EQ(encoder->samples(), 0U);
  EXPECT_EQ(soxi_duration(path()), 0);
}

TEST_F(Wav, PlaysUpToItsLastCheckpointWhileItGrows) {
  const auto audio = tone(440, 16000, 16000);
  const auto encoder = open({16000, 1});
  ASSERT_TRUE(encoder->write(audio));
  ASSERT_TRUE(encoder->checkpoint());
  EXPECT_EQ(decoded(path()), audio);
  EXPECT_EQ(soxi_duration(path()), 1);
}

TEST_F(Wav, StaysAWavFileWhenTheDiskIsFull) {
  // /dev/full takes nothing: not even the header.
  OutputFile full(base::Fd(::open("/dev/full", O_RDWR)));
  auto encoder = find_format("wav")->open(full, {8000, 1}, {}, {});
  ASSERT_FALSE(encoder);
  EXPECT_EQ(encoder.error().kind, base::Kind::no_resources);
  EXPECT_EQ(encoder.error().text, "write: No space left on device");
}

}  // namespace
