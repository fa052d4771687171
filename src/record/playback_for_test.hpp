#pragma once
// For tests: what ffmpeg, ffprobe and sox make of a file, and signals to put into one.

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <numbers>
#include <sndfile.h>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace record::testing {

// A folder of its own, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "telegraphone-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// What a command prints; a failure of the test if it fails or complains.
inline std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  char block[65536];
  while (const std::size_t count = std::fread(block, 1, sizeof block, pipe)) text.append(block, count);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return text;
}

inline std::vector<std::int16_t> samples_of(const std::string& bytes) {
  std::vector<std::int16_t> samples(bytes.size() / 2);
  if (!samples.empty()) std::memcpy(samples.data(), bytes.data(), samples.size() * 2);
  return samples;
}

// What ffmpeg plays, which must not complain. `input`: options that say what a file without a header holds.
inline std::vector<std::int16_t> decoded(const std::filesystem::path& file, const std::string& input = "") {
  return samples_of(output_of("ffmpeg -v error " + input + " -i '" + file.string() +
                              "' -f s16le -acodec pcm_s16le - 2>&1 </dev/null"));
}

// Seconds that players get out of a damaged file; they may complain.
inline double ffmpeg_seconds(const std::filesystem::path& file) {
  const auto samples = samples_of(output_of("ffmpeg -v quiet -i '" + file.string() +
                                            "' -ac 1 -ar 8000 -f s16le -acodec pcm_s16le - </dev/null; true"));
  return static_cast<double>(samples.size()) / 8000;
}
inline double sox_seconds(const std::filesystem::path& file) {
  const auto samples = samples_of(output_of("sox -V0 '" + file.string() + "' -c 1 -t s16 - 2>/dev/null; true"));
  return static_cast<double>(samples.size()) / std::stod(output_of("soxi -r '" + file.string() + "'"));
}
inline double sndfile_seconds(const std::filesystem::path& file) {
  SF_INFO info{};
  SNDFILE* opened = sf_open(file.c_str(), SFM_READ, &info);
  EXPECT_NE(opened, nullptr) << sf_strerror(nullptr);
  if (opened == nullptr) return 0;
  std::vector<std::int16_t> block(static_cast<std::size_t>(4096 * info.channels));
  sf_count_t frames = 0;
  while (const sf_count_t count = sf_readf_short(opened, block.data(), 4096)) frames += count;
  sf_close(opened);
  return static_cast<double>(frames) / info.samplerate;
}

// A tag as ffprobe shows it, of the file or of its stream.
inline std::string probed_tag(const std::filesystem::path& file, const std::string& name) {
  for (const char* where : {"format_tags", "stream_tags"}) {
    std::string text = output_of(std::string("ffprobe -v error -of default=nw=1:nk=1 -show_entries ")
                                     .append(where)
                                     .append("='" + name + "' '" + file.string() + "' 2>&1"));
    while (!text.empty() && text.back() == '\n') text.pop_back();
    if (!text.empty()) return text;
  }
  return {};
}

// Files of this process cannot grow past that many bytes: as if the disk were full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uint64_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

// Seconds, as ffprobe says: how long it is less where it starts.
inline double probed_duration(const std::filesystem::path& file) {
  const std::string text = output_of(
      "ffprobe -v error -show_entries format=start_time,duration -of default=nw=1:nk=1 '" + file.string() + "' 2>&1");
  double start = 0;
  double duration = 0;
  const std::size_t line = text.find('\n');  // a wav file has no start: "N/A"
  std::sscanf(text.c_str(), "%lf", &start);
  EXPECT_TRUE(line != std::string::npos && std::sscanf(text.c_str() + line, "%lf", &duration) == 1) << text;
  return duration - start;
}

inline double soxi_duration(const std::filesystem::path& file) {
  return std::stod(output_of("soxi -D '" + file.string() + "'"));
}

inline std::vector<std::uint8_t> bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// `count` samples of one channel, from sample `from` on.
inline std::vector<std::int16_t> tone(double hz, std::size_t count, double rate = 8000, double amplitude = 10000,
                                      std::size_t from = 0) {
  std::vector<std::int16_t> samples(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double angle = 2 * std::numbers::pi * hz * static_cast<double>(from + i) / rate;
    samples[i] = static_cast<std::int16_t>(std::lround(amplitude * std::sin(angle)));
  }
  return samples;
}

// White, the same each time.
inline std::vector<std::int16_t> noise(std::size_t count, int amplitude = 10000) {
  std::vector<std::int16_t> samples(count);
  std::uint32_t state = 1;
  for (std::int16_t& sample : samples) {
    state = state * 1664525U + 1013904223U;
    sample = static_cast<std::int16_t>(static_cast<int>(state >> 16U) * 2 * amplitude / 65536 - amplitude);
  }
  return samples;
}

// The amplitude of `hz` in a signal (Goertzel's bin).
inline double level(const std::vector<std::int16_t>& samples, double hz, double rate = 8000) {
  double real = 0;
  double imaginary = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double angle = 2 * std::numbers::pi * hz * static_cast<double>(i) / rate;
    real += samples[i] * std::cos(angle);
    imaginary += samples[i] * std::sin(angle);
  }
  return 2 * std::hypot(real, imaginary) / static_cast<double>(std::max<std::size_t>(samples.size(), 1));
}

// One of two interleaved channels.
inline std::vector<std::int16_t> channel(const std::vector<std::int16_t>& interleaved, std::size_t which) {
  std::vector<std::int16_t> samples;
  for (std::size_t i = which; i < interleaved.size(); i += 2) samples.push_back(interleaved[i]);
  return samples;
}

inline std::vector<std::int16_t> interleaved(const std::vector<std::int16_t>& left,
                                             const std::vector<std::int16_t>& right) {
  std::vector<std::int16_t> samples;
  for (std::size_t i = 0; i < left.size(); ++i) {
    samples.push_back(left[i]);
    samples.push_back(right[i]);
  }
  return samples;
}

}  // namespace record::testing
