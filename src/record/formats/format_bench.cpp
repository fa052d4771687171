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

using Hints = std::vector<record::Hint>;

// Arguments: rate, channels.
void call_minute(benchmark::State& state, const char* name, const Hints& hints) {
  const auto rate = static_cast<std::uint32_t>(state.range(0));
  const int channels = static_cast<int>(state.range(1));
  const auto audio = speech_like(std::size_t{60} * rate, channels);
  const std::size_t block = rate / 4 * static_cast<std::size_t>(channels);  // as the writer does it: every 250 ms
  std::uint64_t size = 0;
  for (auto _ : state) {
    char path[] = "/tmp/telegraphone-bench-XXXXXX";
    record::OutputFile file(base::Fd(::mkostemp(path, O_CLOEXEC)));
    ::unlink(path);
    const record::Format* format = record::find_format(name);
    if (format == nullptr) return state.SkipWithError("not built in");
    auto encoder = format->open(file, {rate, channels}, hints, {});
    if (!encoder) return state.SkipWithError(encoder.error().text.c_str());
    for (std::size_t at = 0; at < audio.size(); at += block) {
      if (!(*encoder)->write(std::span(audio).subspan(at, block))) return state.SkipWithError("write");
      if (at % (2 * block) == 0 && !(*encoder)->checkpoint()) return state.SkipWithError("checkpoint");
    }
    if (!(*encoder)->finish()) return state.SkipWithError("finish");
    size = file.size();
  }
  state.counters["kbit/s"] = static_cast<double>(size) * 8 / 60000;
}

void every_audio(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"rate", "channels"})->ArgsProduct({{8000, 16000, 48000}, {1, 2}})->Unit(benchmark::kMillisecond);
}

// A format that is left out of the build skips with an error.
#define BENCH(label, name, ...) BENCHMARK_CAPTURE(call_minute, label, name, Hints{__VA_ARGS__})->Apply(every_audio)
BENCH(mp3, "mp3");
BENCH(mp3_q5, "mp3", {"quality", "5"});
BENCH(mp3_q0, "mp3", {"quality", "0"});
BENCH(mp3_vbr, "mp3", {"vbr", "true"});
BENCH(wav, "wav");
BENCH(wav_mulaw, "wav", {"encoding", "mulaw"});
BENCH(raw, "raw");
BENCH(flac, "flac");
BENCH(flac_0, "flac", {"compression", "0"});
BENCH(flac_8, "flac", {"compression", "8"});
BENCH(opus, "opus");
BENCH(opus_best, "opus", {"quality", "0"});
BENCH(opus_fast, "opus", {"complexity", "0"});
BENCH(vorbis, "vorbis");
BENCH(vorbis_best, "vorbis", {"quality", "0"});
BENCH(vorbis_constant, "vorbis", {"vbr", "false"});

// What it costs to begin and end a recording.
void open_and_finish(benchmark::State& state, const char* name) {
  for (auto _ : state) {
    char path[] = "/tmp/telegraphone-bench-XXXXXX";
    record::OutputFile file(base::Fd(::mkostemp(path, O_CLOEXEC)));
    ::unlink(path);
    const record::Format* format = record::find_format(name);
    if (format == nullptr) return state.SkipWithError("not built in");
    auto encoder = format->open(file, {8000, 1}, {}, {});
    if (!encoder || !(*encoder)->finish()) return state.SkipWithError("open or finish");
  }
}
BENCHMARK_CAPTURE(open_and_finish, mp3, "mp3");
BENCHMARK_CAPTURE(open_and_finish, wav, "wav");
BENCHMARK_CAPTURE(open_and_finish, flac, "flac");
BENCHMARK_CAPTURE(open_and_finish, opus, "opus");
BENCHMARK_CAPTURE(open_and_finish, vorbis, "vorbis");

}  // namespace
