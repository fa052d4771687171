// What every format that is built in has to do alike, judged by ffmpeg and sox.

#include <cstdlib>
#include <map>
#include <thread>

#include "record/formats/format_for_test.hpp"

namespace {

using namespace record;
using namespace record::testing;

// How true a format is to what was written.
struct Fidelity {
  bool lossless = true;
  double leak = 0;  // of 10000 on the other channel
};

Fidelity fidelity_of(const Format& format) {
  static const std::map<std::string_view, Fidelity> lossy = {
      {"mp3", {false, 100}}, {"opus", {false, 100}}, {"vorbis", {false, 1}}};
  const auto found = lossy.find(format.name());
  return found == lossy.end() ? Fidelity{} : found->second;
}

bool is_headerless(const Format& format) { return format.name() == "raw"; }

class EveryFormat : public FormatTest, public ::testing::WithParamInterface<const Format*> {
 protected:
  const Format& format() const { return *GetParam(); }
  bool lossless() const { return fidelity_of(format()).lossless; }
  std::uint32_t rate_for(std::uint32_t rate) const { return format().rate_for(rate); }

  // What ffmpeg plays, at the rate that was written: Opus always plays at 48 kHz.
  std::vector<std::int16_t> played(AudioFormat audio) const {
    auto heard = decoded(path(), is_headerless(format()) ? raw_format(audio) : "");
    if (format().name() != "opus") return heard;
    const std::size_t step = 48000 / audio.rate;
    const auto channels = static_cast<std::size_t>(audio.channels);
    EXPECT_EQ(heard.size() % (step * channels), 0U);
    std::vector<std::int16_t> samples;
    for (std::size_t at = 0; at < heard.size(); at += step * channels) {
      for (std::size_t i = 0; i < channels; ++i) samples.push_back(heard[at + i]);
    }
    return samples;
  }
  // What sox plays; Debian's knows no Opus, so there it is libsndfile.
  double second_player_seconds(const std::filesystem::path& file) const {
    return format().name() == "opus" ? sndfile_seconds(file) : sox_seconds(file);
  }
  static std::string raw_format(AudioFormat audio) {
    return "-f s16le -ar " + std::to_string(audio.rate) + " -ac " + std::to_string(audio.channels);
  }
};

TEST_P(EveryFormat, PlaysExactlyWhatWasWrittenAtEveryRateMonoAndStereo) {
  for (const std::uint32_t wanted : {8000, 12000, 16000, 24000, 44100, 48000}) {
    const std::uint32_t rate = rate_for(wanted);
    EXPECT_GE(rate, wanted);
    for (const int channels : {1, 2}) {
      const AudioFormat audio{rate, channels};
      const auto left = tone(440, rate + 17, rate);
      const auto right = tone(1000, rate + 17, rate, 5000);
      const auto written = channels == 1 ? left : interleaved(left, right);
      make(format().name(), written, audio);
      const auto heard = played(audio);
      ASSERT_EQ(heard.size(), written.size()) << rate << " " << channels;
      if (lossless()) {
        EXPECT_EQ(heard, written) << rate << " " << channels;
        continue;
      }
      const auto of = [&](std::size_t which) { return channels == 1 ? heard : channel(heard, which); };
      EXPECT_NEAR(level(of(0), 440, rate), 10000, 500) << rate << " " << channels;
      EXPECT_NEAR(level(of(static_cast<std::size_t>(channels) - 1), channels == 1 ? 440 : 1000, rate),
                  channels == 1 ? 10000 : 5000, 500)
          << rate;
    }
  }
}

TEST_P(EveryFormat, HasTheDurationOfWhatWasWritten) {
  if (is_headerless(format())) GTEST_SKIP() << "has no header";
  for (const std::size_t samples : {8000, 12345, 40001}) {
    make(format().name(), tone(440, samples), {8000, 1});
    const double seconds = static_cast<double>(samples) / 8000;
    // ffprobe counts whole frames of mp3, and the pre-skip of Opus (6.5 ms; of its own files, too); sox counts three
    // frames of mp3 that are not heard.
    const double tolerance = format().name() == "mp3" ? 0.072 : format().name() == "opus" ? 0.0066 : 0.0001;
    EXPECT_NEAR(probed_duration(path()), seconds, tolerance) << samples;
    EXPECT_NEAR(second_player_seconds(path()), seconds, format().name() == "mp3" ? 0.3 : 0.0001) << samples;
  }
}

TEST_P(EveryFormat, PlaysExactlyWhatWasWrittenHoweverLittleItIs) {
  for (const std::size_t samples : {0, 47, 100, 159, 160, 161, 1000, 1024, 1025, 2500}) {
    const auto written = tone(440, samples);
    make(format().name(), written, {8000, 1});
    const auto heard = played({8000, 1});
    EXPECT_EQ(heard.size(), samples);
    if (lossless()) {
      EXPECT_EQ(heard, written);
    }
  }
}

TEST_P(EveryFormat, KeepsASoundWhereItWas) {
  for (const std::uint32_t wanted : {8000, 12000, 16000, 24000, 48000}) {
    const std::uint32_t rate = rate_for(wanted);
    for (const int channels : {1, 2}) {
      // Half a second of silence, then a sweep from 300 to 3300 Hz: it fits in one place only.
      std::vector<std::int16_t> audio(rate);
      for (std::size_t i = 0; i < rate / 2; ++i) {
        const double t = static_cast<double>(i) / rate;
        audio[rate / 2 + i] = static_cast<std::int16_t>(20000 * std::sin(2 * std::numbers::pi * (300 + 3000 * t) * t));
      }
      make(format().name(), channels == 1 ? audio : interleaved(audio, audio), {rate, channels});
      auto heard = played({rate, channels});
      if (channels == 2) heard = channel(heard, 1);
      ASSERT_EQ(heard.size(), audio.size());
      const auto fit = [&](std::ptrdiff_t shift) {
        double sum = 0;
        for (std::size_t i = rate / 2; i < rate - rate / 50; ++i) {
          sum += static_cast<double>(audio[i]) * heard[i + static_cast<std::size_t>(shift)];
        }
        return sum;
      };
      const std::ptrdiff_t most = rate / 50;
      std::ptrdiff_t best = 0;
      for (std::ptrdiff_t shift = -most; shift < most; ++shift) {
        if (fit(shift) > fit(best)) best = shift;
      }
      EXPECT_LE(static_cast<double>(std::abs(best)) * 1000 / rate, 0.13)
          << rate << " " << channels << ": off by " << best;
      const auto loud = [](std::int16_t sample) { return std::abs(sample) > 6000; };
      const auto onset = static_cast<double>(std::find_if(heard.begin(), heard.end(), loud) - heard.begin());
      EXPECT_NEAR(onset / rate, 0.5, 0.002) << rate << " " << channels;
    }
  }
}

TEST_P(EveryFormat, LetsNobodyBeHeardOnTheOthersChannel) {
  for (const std::uint32_t wanted : {8000, 16000, 48000}) {
    const AudioFormat audio{rate_for(wanted), 2};
    const std::size_t second = audio.rate;
    // Each is alone for two seconds; the quiet of the other must stay quiet. Pre-echo at the change is not a leak.
    auto left = tone(440, 2 * second, audio.rate);
    auto right = std::vector<std::int16_t>(2 * second);
    const auto after = tone(1000, 2 * second, audio.rate);
    left.resize(4 * second);
    right.insert(right.end(), after.begin(), after.end());
    make(format().name(), interleaved(left, right), audio);
    const auto heard = played(audio);
    ASSERT_EQ(heard.size(), 8 * second);
    const auto part = [&](std::size_t which, std::size_t from) {
      const auto all = channel(heard, which);
      return std::vector<std::int16_t>(all.begin() + static_cast<std::ptrdiff_t>(from),
                                       all.begin() + static_cast<std::ptrdiff_t>(from + 3 * second / 2));
    };
    const double leak = fidelity_of(format()).leak;
    EXPECT_NEAR(level(part(0, second / 4), 440, audio.rate), 10000, 500);
    EXPECT_NEAR(level(part(1, 9 * second / 4), 1000, audio.rate), 10000, 500);
    EXPECT_LE(level(part(1, second / 4), 440, audio.rate), leak) << audio.rate;
    EXPECT_LE(level(part(0, 9 * second / 4), 1000, audio.rate), leak) << audio.rate;
    const auto loudest = [](const std::vector<std::int16_t>& samples) {
      int most = 0;
      for (const int sample : samples) most = std::max(most, std::abs(sample));
      return most;
    };
    EXPECT_LE(loudest(part(1, second / 4)), leak) << audio.rate;
    EXPECT_LE(loudest(part(0, 9 * second / 4)), leak) << audio.rate;
  }
}

TEST_P(EveryFormat, PlaysUpToTheLastSecondWheneverItIsKilled) {
  if (is_headerless(format())) GTEST_SKIP() << "has no header";
  for (const int channels : {1, 2}) {
    const AudioFormat audio{8000, channels};
    const auto encoder = open(format().name(), audio);
    const auto second = tone(440, 8000);
    const auto interleaved_second = channels == 1 ? second : interleaved(second, second);
    for (double seconds = 1; seconds <= 5; ++seconds) {
      write(*encoder, interleaved_second, audio);
      const auto heard = played(audio).size() / static_cast<std::size_t>(channels);
      EXPECT_GT(heard, (seconds - 0.75) * 8000) << seconds;
      EXPECT_LE(heard, seconds * 8000 + 1200) << seconds;  // mp3: its delay, too
      EXPECT_GT(probed_duration(path()), seconds - 0.75);
      EXPECT_GT(second_player_seconds(path()), seconds - 0.75);
    }
  }
}

TEST_P(EveryFormat, PlaysWhenItIsCutOffAnywhere) {
  if (is_headerless(format())) GTEST_SKIP() << "has no header";
  const auto encoder = open(format().name(), {8000, 1}, {}, example_tags());
  const auto audio = tone(440, 8000);
  write(*encoder, audio, {8000, 1});
  const std::uint64_t after_one = file_->size();
  for (int second = 1; second < 4; ++second) write(*encoder, audio, {8000, 1});
  // What is on disk when a kernel lost the end of it: any number of bytes past the first second.
  const auto bytes = bytes_of(path());
  const auto cut = directory_.path() / ("cut." + std::string(format().extension()));
  for (std::size_t size = after_one; size < bytes.size(); size += 1 + (bytes.size() - after_one) / 7) {
    std::ofstream(cut, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(size));
    const double share = static_cast<double>(size - after_one) / static_cast<double>(bytes.size() - after_one);
    EXPECT_GT(ffmpeg_seconds(cut), 1 + 3 * share - 0.75) << size;
    EXPECT_GT(second_player_seconds(cut), 1 + 3 * share - 0.75) << size;
  }
}

TEST_P(EveryFormat, IsAFileToAPlayerFromItsFirstHalfSecond) {
  if (is_headerless(format())) GTEST_SKIP() << "has no header";
  const auto encoder = open(format().name(), {8000, 1});
  const auto audio = tone(440, 4000);
  for (std::size_t at = 0; at < audio.size(); at += 2000) {
    ASSERT_TRUE(encoder->write(std::span(audio).subspan(at, 2000)));
    EXPECT_NE(
        output_of("ffprobe -v error -show_entries stream=codec_type '" + path().string() + "' 2>&1").find("audio"),
        std::string::npos);
  }
  ASSERT_TRUE(encoder->checkpoint());
  EXPECT_GT(second_player_seconds(path()), 0.25);
}

TEST_P(EveryFormat, SaysHowManySamplesAnUnfinishedFilePlays) {
  const auto encoder = open(format().name(), {8000, 1});
  ASSERT_TRUE(encoder->write(tone(440, 20000)));
  ASSERT_TRUE(encoder->checkpoint());
  EXPECT_NEAR(static_cast<double>(played({8000, 1}).size()), static_cast<double>(encoder->samples()), 320);
  EXPECT_GT(encoder->samples(), 16000U);
}

TEST_P(EveryFormat, SaysWhenTheDiskIsFull) {
  OutputFile full(base::Fd(::open("/dev/full", O_RDWR)));
  auto encoder = format().open(full, {8000, 1}, {}, {});
  for (int i = 0; encoder && i < 200; ++i) {
    if (auto written = (*encoder)->write(tone(440, 8000)); !written) {
      EXPECT_EQ(written.error().kind, base::Kind::no_resources);
      return;
    }
  }
  ASSERT_FALSE(encoder);
  EXPECT_EQ(encoder.error().kind, base::Kind::no_resources);
  EXPECT_EQ(encoder.error().text, "write: No space left on device");
}

TEST_P(EveryFormat, KeepsWhatItHasWhenTheDiskFillsUp) {
  if (is_headerless(format())) GTEST_SKIP() << "has no header";
  // A disk of that size: writes past it fail, as with ENOSPC.
  const auto encoder = open(format().name(), {8000, 1});
  write(*encoder, tone(440, 24000), {8000, 1});
  const std::uint64_t size = file_->size();
  const FileSizeLimit limit(size + 1000);
  bool failed = false;
  for (int i = 0; i < 2000 && !failed; ++i) {
    failed = !encoder->write(tone(440, 160)) || (i % 25 == 24 && !encoder->checkpoint());
  }
  EXPECT_TRUE(failed);
  EXPECT_TRUE(encoder->checkpoint());
  EXPECT_GT(played({8000, 1}).size(), 18000U);
  EXPECT_GT(second_player_seconds(path()), 2.25);
  EXPECT_NEAR(static_cast<double>(played({8000, 1}).size()), static_cast<double>(encoder->samples()), 320);
}

TEST_P(EveryFormat, IsTheSameWhenManyAreWrittenAtOnce) {
  // Recordings share nothing: each on its thread is what it would be alone.
  const AudioFormat audio{rate_for(16000), 2};
  const auto signal = interleaved(tone(440, audio.rate, audio.rate), noise(audio.rate));
  make(format().name(), signal, audio);
  const auto alone = played(audio);
  std::vector<std::thread> threads;
  threads.reserve(4);
  const auto name = [&](int i) {
    return directory_.path() / (std::to_string(i) + "." + std::string(format().extension()));
  };
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      OutputFile file(base::Fd(::open(name(i).c_str(), O_RDWR | O_CREAT, 0600)));
      auto encoder = format().open(file, audio, {}, {});
      ASSERT_TRUE(encoder);
      write(**encoder, signal, audio);
      ASSERT_TRUE((*encoder)->finish());
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 4; ++i) {
    std::filesystem::rename(name(i), path());
    EXPECT_EQ(played(audio), alone);
  }
}

TEST_P(EveryFormat, IgnoresHintsThatItDoesNotKnow) {
  EXPECT_TRUE(format().check(std::vector<Hint>{{"double-pass", "true"}, {"", ""}, {"sample-rate", "x"}}));
}

TEST_P(EveryFormat, HoldsTagsOfAnyContent) {
  Tags tags = example_tags();
  tags.from = std::string("\"Eve\n\x01\" <sip:\xFF\xC3\xA9ve@x>") + std::string(100000, 'e');
  tags.to = std::string("\xE2\x82");
  tags.call_id = std::string(257, 'x');
  make(format().name(), interleaved(tone(440, 4001), tone(440, 4001)), {8000, 2}, {}, tags);
  EXPECT_EQ(played({8000, 2}).size(), 2 * 4001U);
}

std::string name_of(const ::testing::TestParamInfo<const Format*>& info) { return std::string(info.param->name()); }
INSTANTIATE_TEST_SUITE_P(, EveryFormat, ::testing::ValuesIn(formats().begin(), formats().end()), name_of);

}  // namespace
