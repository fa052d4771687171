// What encryption at rest costs: a minute of a call written as a writer does it, plain and sealed, on the same disk.

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "record/part.hpp"

namespace {

std::vector<std::int16_t> speech_like(std::size_t samples) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal(0, 2500);
  std::vector<std::int16_t> sound(samples);
  double filtered = 0;
  for (std::size_t i = 0; i < samples; ++i) {
    filtered = 0.7 * filtered + normal(random) * (i / 4000 % 3 != 2 ? 1 : 0.02);
    sound[i] = static_cast<std::int16_t>(filtered);
  }
  return sound;
}

// Argument: how many keys; 0: plain.
void call_minute(benchmark::State& state, const char* name) {
  constexpr std::uint32_t kRate = 8000;
  const auto sound = speech_like(std::size_t{60} * kRate);
  std::vector<seal::Recipient> keys;
  for (int i = 0; i < state.range(0); ++i) keys.push_back(seal::Identity::make().recipient());
  const record::Format* format = record::find_format(name);
  if (format == nullptr) return state.SkipWithError("not built in");
  std::string folder = (std::filesystem::temp_directory_path() / "telegraphone-bench-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return state.SkipWithError("mkdtemp");
  const storage::Spool spool(folder);
  std::uint64_t size = 0;
  for (auto _ : state) {
    auto part = record::Part::open(spool, "x", *format, {kRate, 1}, {}, {}, keys);
    if (!part) return state.SkipWithError(part.error().text.c_str());
    constexpr std::size_t kBlock = std::size_t{kRate} * 3 / 20;  // 150 ms
    for (std::size_t at = 0, turn = 0; at < sound.size(); at += kBlock, ++turn) {
      const bool is_fine = (*part)->write(std::span(sound).subspan(at, kBlock), kRate) &&
                           (turn % 2 == 0 || (*part)->checkpoint()) && (*part)->flush();
      if (!is_fine) return state.SkipWithError("write");
    }
    if (!(*part)->finish()) return state.SkipWithError("finish");
    state.PauseTiming();
    std::string error;
    const record::FinishedPart finished = (*part)->close(error);  // its fsync is the disk's time
    size = finished.size;
    spool.remove(finished.file);
    state.ResumeTiming();
  }
  state.counters["bytes/s"] = static_cast<double>(size) / 60;
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

BENCHMARK_CAPTURE(call_minute, wav, "wav")->ArgName("keys")->Arg(0)->Arg(1)->Arg(64)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(call_minute, mp3, "mp3")->ArgName("keys")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

}  // namespace
