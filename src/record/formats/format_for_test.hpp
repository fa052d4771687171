#pragma once
// For tests of formats: writes a file as a writer thread does, in blocks of 20 ms.

#include <fcntl.h>
#include <gtest/gtest.h>

#include "record/formats/format.hpp"
#include "record/playback_for_test.hpp"

namespace record::testing {

class FormatTest : public ::testing::Test {
 protected:
  std::unique_ptr<Encoder> open(std::string_view format, AudioFormat audio, const std::vector<Hint>& hints = {},
                                const Tags& tags = {}) {
    path_ = directory_.path() / (std::string("x.") + std::string(find_format(format)->extension()));
    file_ = std::make_unique<OutputFile>(base::Fd(::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600)));
    auto encoder = find_format(format)->open(*file_, audio, hints, tags);
    EXPECT_TRUE(encoder) << encoder.error().text;
    return encoder ? std::move(*encoder) : nullptr;
  }

  // Checkpoints twice a second.
  static void write(Encoder& encoder, const std::vector<std::int16_t>& interleaved, AudioFormat audio) {
    const std::size_t block = audio.rate / 50 * static_cast<std::size_t>(audio.channels);
    for (std::size_t at = 0; at < interleaved.size(); at += block) {
      ASSERT_TRUE(encoder.write(std::span(interleaved).subspan(at, std::min(block, interleaved.size() - at))));
      if (at % (25 * block) == 24 * block) {
        ASSERT_TRUE(encoder.checkpoint());
      }
    }
  }

  // A complete file.
  void make(std::string_view format, const std::vector<std::int16_t>& interleaved, AudioFormat audio,
            const std::vector<Hint>& hints = {}, const Tags& tags = {}) {
    const auto encoder = open(format, audio, hints, tags);
    write(*encoder, interleaved, audio);
    ASSERT_TRUE(encoder->finish());
    EXPECT_EQ(encoder->samples(), interleaved.size() / static_cast<std::size_t>(audio.channels));
    EXPECT_EQ(file_->size(), std::filesystem::file_size(path()));
  }

  static std::string error_of(std::string_view format, const std::vector<Hint>& hints) {
    const auto checked = find_format(format)->check(hints);
    EXPECT_FALSE(checked);
    EXPECT_EQ(checked.error().kind, base::Kind::bad_request);
    return checked.error().text;
  }

  const std::filesystem::path& path() const { return path_; }

  TemporaryDirectory directory_;
  std::filesystem::path path_;
  std::unique_ptr<OutputFile> file_;
};

// A party's worth of tags, as a recording has them.
inline Tags example_tags() {
  using namespace std::chrono_literals;
  Tags tags;
  tags.call_id = "c4ll";
  tags.component_id = "r3c0rd";
  tags.from = "sip:alice@example.org";
  tags.to = "sip:bob@example.org";
  tags.channels = "send, recv";
  tags.software = "Telegraphone/0.1.0";
  // 2026-11-22T23:56:01.250Z
  tags.began = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + 23h + 56min + 1s + 250ms;
  return tags;
}

}  // namespace record::testing
