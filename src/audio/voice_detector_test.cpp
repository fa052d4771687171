#include "audio/voice_detector.hpp"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <numbers>
#include <random>
#include <string>
#include <vector>

namespace {

using audio::VoiceDetector;
using Signal = std::vector<double>;  // -1..1

constexpr double kRate = 8000;

std::size_t samples(double seconds) { return static_cast<std::size_t>(seconds * kRate); }

double rms(const Signal& signal) {
  double sum = 0;
  for (const double x : signal) sum += x * x;
  return std::sqrt(sum / static_cast<double>(signal.size()));
}

Signal at_level(Signal signal, double dbfs) {
  const double factor = std::pow(10, dbfs / 20) / rms(signal);
  for (double& x : signal) x *= factor;
  return signal;
}

Signal silence(double seconds) { return Signal(samples(seconds), 0.0); }

Signal noise(double seconds, double dbfs, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Signal signal(samples(seconds));
  for (double& x : signal) x = normal(random);
  return at_level(std::move(signal), dbfs);
}

// Sines of equal phase with those amplitudes.
Signal sines(double seconds, const std::vector<std::pair<double, double>>& parts, double dbfs) {
  Signal signal(samples(seconds));
  for (std::size_t i = 0; i < signal.size(); ++i) {
    for (const auto& [hz, amplitude] : parts) {
      signal[i] += amplitude * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / kRate);
    }
  }
  return at_level(std::move(signal), dbfs);
}

Signal hum(double seconds, double hz, double dbfs) {
  return sines(seconds, {{hz, 1}, {2 * hz, 0.6}, {3 * hz, 0.5}, {5 * hz, 0.3}, {7 * hz, 0.2}, {9 * hz, 0.1}}, dbfs);
}

// Chords of three voices, a new one every 300 ms, each dying away to a third.
Signal music(double seconds, double dbfs) {
  constexpr double kScale[] = {262, 294, 330, 349, 392, 440, 494, 523};
  Signal signal(samples(seconds));
  for (std::size_t i = 0; i < signal.size(); ++i) {
    const double t = static_cast<double>(i) / kRate;
    const auto chord = static_cast<std::size_t>(t / 0.3);
    const double decay = std::exp(-(t - static_cast<double>(chord) * 0.3) / 0.27);
    for (const std::size_t voice : {0, 2, 4}) {
      signal[i] += decay * std::sin(2 * std::numbers::pi * kScale[(chord * 3 + voice) % 8] * t);
    }
  }
  return at_level(std::move(signal), dbfs);
}

// tests/data/audio/speech.wav, made by espeak-ng: two sentences. The level is the mean of all of it.
Signal speech(double dbfs) {
  const auto path = std::filesystem::path(__FILE__).parent_path() / "../../tests/data/audio/speech.wav";
  std::ifstream in(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  EXPECT_GT(bytes.size(), 44U) << path;
  std::vector<std::int16_t> pcm((bytes.size() - 44) / 2);
  std::memcpy(pcm.data(), bytes.data() + 44, pcm.size() * 2);
  Signal signal(pcm.begin(), pcm.end());
  return at_level(std::move(signal), dbfs);
}

Signal operator+(Signal a, const Signal& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) a[i] += b[i];
  return a;
}

Signal then(Signal first, const Signal& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// One answer for each frame of `frame_ms`.
std::vector<bool> heard(const Signal& signal, int frame_ms = 20, double offset = 0) {
  VoiceDetector detector(static_cast<std::uint32_t>(kRate));
  std::vector<bool> answers;
  const std::size_t size = samples(frame_ms / 1000.0);
  std::vector<std::int16_t> frame(size);
  for (std::size_t at = 0; at + size <= signal.size(); at += size) {
    for (std::size_t i = 0; i < size; ++i) {
      const double x = std::clamp((signal[at + i] + offset) * 32768, -32768.0, 32767.0);
      frame[i] = static_cast<std::int16_t>(std::lround(x));
    }
    answers.push_back(detector.feed(frame));
  }
  return answers;
}

// The share of frames with sound, from one second to another.
double share(const std::vector<bool>& answers, double from = 0, double to = 1e9, int frame_ms = 20) {
  double count = 0;
  double sound = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const double t = static_cast<double>(i) * frame_ms / 1000;
    if (t < from || t >= to) continue;
    ++count;
    if (answers[i]) ++sound;
  }
  return sound / count;
}

// Of the longest silence between two frames with sound, in seconds.
double longest_gap(const std::vector<bool>& answers) {
  std::size_t longest = 0;
  std::size_t last = answers.size();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) continue;
    if (last < i) longest = std::max(longest, i - last - 1);
    last = i;
  }
  return static_cast<double>(longest) * 0.02;
}

TEST(VoiceDetector, TakesDigitalSilenceForSilence) { EXPECT_EQ(share(heard(silence(5))), 0); }

TEST(VoiceDetector, TakesLineNoiseForSilenceFromItsFirstSampleOn) {
  for (const double dbfs : {-60, -50, -46, -42, -38, -34}) {
    for (unsigned seed = 1; seed <= 5; ++seed) EXPECT_EQ(share(heard(noise(60, dbfs, seed))), 0) << dbfs;
  }
}

TEST(VoiceDetector, TakesMainsHumForSilenceFromItsFirstSampleOn) {
  for (const double hz : {50, 60}) {
    for (const double dbfs : {-50, -40, -34}) {
      for (const int frame_ms : {10, 20, 30, 60}) {
        EXPECT_EQ(share(heard(hum(20, hz, dbfs), frame_ms)), 0) << hz << " " << dbfs << " " << frame_ms;
      }
      EXPECT_EQ(share(heard(hum(20, hz, dbfs) + noise(20, dbfs - 10))), 0) << hz << " " << dbfs;
    }
  }
}

TEST(VoiceDetector, TakesNoiseAfterDigitalSilenceForSilence) {
  EXPECT_EQ(share(heard(then(silence(1), noise(10, -40)))), 0);
}

TEST(VoiceDetector, GetsUsedToNoiseThatRisesWithinTwoSeconds) {
  const auto answers = heard(then(noise(3, -60), noise(10, -38)));
  EXPECT_EQ(share(answers, 0, 3), 0);
  EXPECT_EQ(share(answers, 5), 0);
}

TEST(VoiceDetector, IgnoresAnOffset) {
  EXPECT_EQ(share(heard(noise(10, -50), 20, 0.2)), 0);
  EXPECT_EQ(share(heard(silence(2), 20, -0.5)), 0);
  EXPECT_GT(share(heard(speech(-20), 20, 0.1)), 0.7);
}

TEST(VoiceDetector, HearsSpeechAtNormalAndAtLowLevel) {
  for (const double dbfs : {-14, -20, -26, -32}) {
    const auto answers = heard(then(then(silence(1), speech(dbfs)), silence(1)));
    EXPECT_EQ(share(answers, 0, 1), 0);
    EXPECT_GT(share(answers, 1, 5.5), 0.75) << dbfs;
    EXPECT_LT(longest_gap(answers), 0.5) << dbfs;
  }
}

TEST(VoiceDetector, HearsSpeechOverNoise) {
  for (const double dbfs : {-20, -26, -32}) {
    const Signal padded = then(then(silence(2), speech(dbfs)), silence(2));
    const double end = 2 + static_cast<double>(speech(dbfs).size()) / kRate;
    const auto answers = heard(padded + noise(60, dbfs - 15));
    EXPECT_EQ(share(answers, 0, 2), 0) << dbfs;
    EXPECT_GT(share(answers, 2, end), 0.55) << dbfs;
    EXPECT_LT(longest_gap(answers), 0.8) << dbfs;
    EXPECT_EQ(share(answers, end + 0.1), 0) << dbfs;
  }
}

TEST(VoiceDetector, HearsSpeechThatIsThereFromTheFirstSampleOn) {
  for (const double dbfs : {-20, -26}) EXPECT_GT(share(heard(speech(dbfs)), 0.25, 4), 0.75) << dbfs;
}

TEST(VoiceDetector, HearsAClearToneAtOnceAndForAsLongAsItLasts) {
  for (const double hz : {150, 440, 1000, 3000}) {
    for (const double dbfs : {-27, -20, -6})
      EXPECT_EQ(share(heard(sines(60, {{hz, 1}}, dbfs))), 1) << hz << " " << dbfs;
  }
}

TEST(VoiceDetector, HearsMusicForAsLongAsItLasts) {
  for (const double dbfs : {-26, -20, -12}) {
    const auto answers = heard(music(60, dbfs));
    EXPECT_GT(share(answers), 0.8) << dbfs;
    EXPECT_LT(longest_gap(answers), 0.2) << dbfs;
  }
}

TEST(VoiceDetector, ReportsOnsetAndEndPromptly) {
  const auto answers = heard(then(then(noise(2, -45), sines(1, {{440, 1}}, -25)), noise(2, -45, 2)));
  EXPECT_FALSE(answers[99]);
  EXPECT_TRUE(answers[100]);
  EXPECT_TRUE(answers[149]);
  // The frame that begins after the hangover is silent, at the latest.
  EXPECT_FALSE(answers[150 + VoiceDetector::kHangoverMs / 20 + 1]);
}

TEST(VoiceDetector, HearsSoundAgainAfterALongToneWithoutBeingDeafenedByIt) {
  const Signal tone = sines(20, {{440, 1}}, -15);
  const auto answers = heard(then(then(tone, noise(1, -50)), sines(1, {{440, 1}}, -38)));
  EXPECT_EQ(share(answers, 20.1, 21), 0);
  EXPECT_GT(share(answers, 21.1, 22), 0.9);
}

TEST(VoiceDetector, DoesNotTakeAClickForSound) {
  Signal signal = noise(5, -50);
  signal[samples(2)] = 0.3;
  signal[samples(2) + 1] = -0.3;
  EXPECT_LT(share(heard(signal)) * 250, 6);  // a loud one is sound for as long as the hangover
  signal = noise(5, -50);
  signal[samples(2)] = 0.1;
  EXPECT_EQ(share(heard(signal)), 0);
}

TEST(VoiceDetector, GivesTheSameAnswersWhateverTheFramesAre) {
  const Signal signal = then(then(noise(1, -45), speech(-22)), noise(1, -45));
  for (const int frame_ms : {10, 30, 40, 60}) {
    EXPECT_NEAR(share(heard(signal, frame_ms), 0, 1e9, frame_ms), share(heard(signal)), 0.08) << frame_ms;
  }
}

TEST(VoiceDetector, WorksAtOtherRatesAndWithEmptyFrames) {
  VoiceDetector detector(48000);
  EXPECT_FALSE(detector.feed({}));
  std::vector<std::int16_t> frame(960);
  for (std::size_t i = 0; i < frame.size(); ++i) {
    frame[i] = static_cast<std::int16_t>(5000 * std::sin(2 * std::numbers::pi * 440 * static_cast<double>(i) / 48000));
  }
  EXPECT_TRUE(detector.feed(frame));
  std::fill(frame.begin(), frame.end(), std::int16_t{0});
  for (int i = 0; i < 4; ++i) detector.feed(frame);
  EXPECT_FALSE(detector.feed(frame));
}

}  // namespace
