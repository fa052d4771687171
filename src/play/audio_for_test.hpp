#pragma once
// For tests: audio files to be played, and what a feed gives when it is read like a media worker does.

#include <array>

#include "play/feed.hpp"
#include "record/playback_for_test.hpp"

namespace play::testing {

using Samples = std::vector<std::int16_t>;
using record::testing::bytes_of;
using record::testing::interleaved;
using record::testing::level;
using record::testing::output_of;
using record::testing::TemporaryDirectory;
using record::testing::tone;
namespace fs = std::filesystem;

inline void write_file(const fs::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// A file of `format` (libsndfile's constants) holding these interleaved samples.
inline fs::path write_audio(const fs::path& file, const Samples& samples, int rate, int channels = 1,
                            int format = SF_FORMAT_WAV | SF_FORMAT_PCM_16) {
  SF_INFO info{};
  info.samplerate = rate;
  info.channels = channels;
  info.format = format;
  SNDFILE* out = sf_open(file.c_str(), SFM_WRITE, &info);
  EXPECT_NE(out, nullptr) << sf_strerror(nullptr);
  if (out == nullptr) return file;
  sf_command(out, SFC_SET_SCALE_INT_FLOAT_WRITE, nullptr, SF_TRUE);
  sf_writef_short(out, samples.data(), static_cast<sf_count_t>(samples.size()) / channels);
  sf_close(out);
  return file;
}

// The tone of which the most is in it.
inline double pitch(const Samples& samples, double rate = 8000) {
  double best = 0;
  double loudest = 0;
  for (double hz = 200; hz <= 2000; hz += 10) {
    const double here = level(samples, hz, rate);
    if (here > loudest) {
      loudest = here;
      best = hz;
    }
  }
  return best;
}

inline Samples part(const Samples& all, double from, double to, double rate = 8000) {
  const auto at = [&](double seconds) {
    return all.begin() + std::min<std::ptrdiff_t>(std::lround(seconds * rate), std::ssize(all));
  };
  return {at(from), at(to)};
}

}  // namespace play::testing
