#pragma once
// For tests: speech and tones, what ffmpeg makes of them, and how alike two signals are.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <numbers>
#include <span>
#include <string>
#include <unistd.h>
#include <vector>

#include "codec/codec.hpp"

namespace codec::testing {

using Samples = std::vector<std::int16_t>;
using Bytes = std::vector<std::uint8_t>;

// A file that holds these bytes, gone at the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::span<const std::uint8_t> bytes = {}) {
    std::string pattern = (std::filesystem::temp_directory_path() / "telegraphone-XXXXXX").string();
    const int fd = ::mkstemp(pattern.data());
    EXPECT_GE(fd, 0);
    ::close(fd);
    path_ = pattern;
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline Samples samples_of(std::span<const std::uint8_t> bytes) {
  Samples samples(bytes.size() / 2);
  if (!samples.empty()) std::memcpy(samples.data(), bytes.data(), samples.size() * 2);
  return samples;
}

inline Bytes bytes_of(std::span<const std::int16_t> samples) {
  Bytes bytes(samples.size_bytes());
  if (!bytes.empty()) std::memcpy(bytes.data(), samples.data(), bytes.size());
  return bytes;
}

// What ffmpeg writes with these arguments; "-" in them is where it writes.
inline Bytes ffmpeg(const std::string& arguments) {
  const std::string command = "ffmpeg -v error -nostdin " + arguments;
  Bytes bytes;
  FILE* pipe = ::popen(command.c_str(), "r");
  std::uint8_t block[65536];
  while (const std::size_t count = std::fread(block, 1, sizeof block, pipe)) {
    bytes.insert(bytes.end(), block, block + count);
  }
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return bytes;
}

// tests/data/audio/speech.wav, made by espeak-ng: two sentences, 5.75 s at 8 kHz.
inline const Samples& speech(std::uint32_t rate) {
  static std::map<std::uint32_t, Samples> known;
  if (const auto found = known.find(rate); found != known.end()) return found->second;
  const auto path = std::filesystem::path(__FILE__).parent_path() / "../../tests/data/audio/speech.wav";
  return known[rate] = samples_of(ffmpeg("-i '" + path.string() + "' -ar " + std::to_string(rate) + " -f s16le -"));
}

inline Samples tone(double frequency, std::uint32_t rate, std::size_t length, double amplitude = 8000) {
  Samples samples(length);
  for (std::size_t i = 0; i < length; ++i) {
    samples[i] = static_cast<std::int16_t>(
        std::lround(amplitude * std::sin(2 * std::numbers::pi * frequency * static_cast<double>(i) / rate)));
  }
  return samples;
}

inline double rms(std::span<const std::int16_t> samples) {
  double sum = 0;
  for (const double sample : samples) sum += sample * sample;
  return samples.empty() ? 0 : std::sqrt(sum / static_cast<double>(samples.size()));
}

// The amplitude of one frequency in it.
inline double amplitude(std::span<const std::int16_t> samples, double frequency, std::uint32_t rate) {
  double real = 0, imaginary = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double phase = 2 * std::numbers::pi * frequency * static_cast<double>(i) / rate;
    real += samples[i] * std::cos(phase);
    imaginary += samples[i] * std::sin(phase);
  }
  return 2 * std::hypot(real, imaginary) / static_cast<double>(samples.size());
}

// 1: the same but for loudness.
inline double correlation(std::span<const std::int16_t> a, std::span<const std::int16_t> b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    ab += static_cast<double>(a[i]) * b[i];
    aa += static_cast<double>(a[i]) * a[i];
    bb += static_cast<double>(b[i]) * b[i];
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

// The best that it gets when `b` is up to `most` samples late.
inline double aligned_correlation(std::span<const std::int16_t> a, std::span<const std::int16_t> b, std::size_t most) {
  double best = -1;
  for (std::size_t late = 0; late <= std::min(most, b.size()); ++late) {
    best = std::max(best, correlation(a, b.subspan(late)));
  }
  return best;
}

// Packets of so many bytes each, one behind the other.
inline Samples decode_all(Decoder& decoder, std::span<const std::uint8_t> bytes, std::size_t packet) {
  Samples all, block(8192);
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(packet, bytes.size()))) {
    const std::size_t count = decoder.decode(bytes.first(std::min(packet, bytes.size())), block);
    all.insert(all.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return all;
}

}  // namespace codec::testing
