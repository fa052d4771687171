// CPU time for a minute of a call in each format. The signal is noise that comes and goes like speech: a pure tone or
// silence would flatter the encoder.

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <fcntl.h>
#include <random>
#include <vector>

#include "record/formats/format.hpp"

namespace {

std::vector<std::int16_t> speech_like(std::size_t frames, int channels) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal(0, 2500);
  std::vector<std::int16_t> samples(frames * static_cast<std::size_t>(channels));
  double filtered = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const bool talking = i / (4000 * static_cast<std::size_t>(channels)) % 3 != 2;
    filtered = 0.7 * filtered + normal(random) * (talking ? 1 : 0.02);
    samples[i] = static_cast<std::int16_t>(filtered);
  }
  return samples;
}

// Arguments: channels, quality.
void call_minute(benchmark::State& state, const char* name) {
  constexpr std::uint32_t kRate = 8000;
  const int channels = static_cast<int>(state.range(0));
  const auto audio = speech_like(60 * kRate, channels);
  const std::vector<record::Hint> hints = {{"quality", std::to_string(state.range(1))}};
  const std::size_t block = kRate / 20 * static_cast<std::size_t>(channels);  // as the writer does it: every 50 ms
  for (auto _ : state) {
    char path[] = "/tmp/telegraphone-bench-XXXXXX";
    record::OutputFile file(base::Fd(::mkostemp(path, O_CLOEXEC)));
    ::unlink(path);
    auto encoder = record::find_format(name)->open(file, {kRate, channels}, hints, {});
    if (!encoder) return state.SkipWithError(encoder.error().text.c_str());
    for (std::size_t at = 0; at < audio.size(); at += block) {
      if (!(*encoder)->write(std::span(audio).subspan(at, block))) return state.SkipWithError("write");
      if (at % (20 * block) == 0 && !(*encoder)->checkpoint()) return state.SkipWithError("checkpoint");
    }
    if (!(*encoder)->finish()) return state.SkipWithError("finish");
  }
}

BENCHMARK_CAPTURE(call_minute, mp3, "mp3")->ArgNames({"channels", "quality"})->ArgsProduct({{1, 2}, {5, 7, 9}});
BENCHMARK_CAPTURE(call_minute, wav, "wav")->ArgNames({"channels", "quality"})->ArgsProduct({{1, 2}, {7}});

// What it costs to begin and end a recording.
void open_and_finish(benchmark::State& state, const char* name) {
  for (auto _ : state) {
    char path[] = "/tmp/telegraphone-bench-XXXXXX";
    record::OutputFile file(base::Fd(::mkostemp(path, O_CLOEXEC)));
    ::unlink(path);
    auto encoder = record::find_format(name)->open(file, {8000, 1}, {}, {});
    if (!encoder || !(*encoder)->finish()) return state.SkipWithError("open or finish");
  }
}
BENCHMARK_CAPTURE(open_and_finish, mp3, "mp3");
BENCHMARK_CAPTURE(open_and_finish, wav, "wav");

}  // namespace
