// What it costs that a recording is durable from its first second: the journal, the checkpoints, and drains that come
// more often, without which audio would be in memory for longer. CPU time of the writer, kernel included, in percent of
// a core for a thousand recordings. The sync itself: storage/syncer_bench.cpp.
#include <benchmark/benchmark.h>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sys/resource.h>
#include <vector>

#include "record/capture.hpp"
#include "record/request.hpp"

namespace {

using namespace std::chrono_literals;
using namespace record;
namespace fs = std::filesystem;

constexpr std::size_t kRecordings = 200;
constexpr auto kTime = 20s;
constexpr std::size_t kFrame = 160;  // 20 ms

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct How {
  const char* format;
  std::chrono::milliseconds drain;
  double clock;  // of checkpoints and journal, in real seconds: 0, none of them comes
  bool has_journal;
};

void keep(benchmark::State& state, How how) {
  // Not /tmp, which may be memory.
  std::string pattern = (fs::current_path() / "durable-XXXXXX").string();
  const fs::path directory = ::mkdtemp(pattern.data());
  const storage::Spool spool(directory);
  std::vector<std::int16_t> tone(8000), buffer(2 * Track::kMaxBlock);
  for (std::size_t i = 0; i < tone.size(); ++i) {
    tone[i] = static_cast<std::int16_t>(8000 * std::sin(static_cast<double>(i * i % 8000) / 300));
  }
  for (auto _ : state) {
    std::vector<std::unique_ptr<Journal>> journals;
    std::vector<std::unique_ptr<Capture>> captures;
    for (std::size_t i = 0; i < kRecordings; ++i) {
      Capture::Plan plan{.stem = "20261123T002318Z-call-" + std::to_string(i)};
      plan.part_format = plan.file_format = find_format(how.format);
      if (how.has_journal) {
        journals.push_back(std::move(*Journal::open(spool, plan.stem)));
        journals.back()->opened({}, {}, {});
        plan.journal = journals.back().get();
      }
      captures.push_back(std::move(*Capture::open(spool, std::move(plan))));
    }
    const double before = cpu_seconds();
    base::Time now{base::Clock::now()};
    for (auto at = 0ms; at < kTime; at += 20ms) {
      const auto frame = static_cast<std::size_t>(at / 20ms);
      for (const auto& capture : captures) {
        // A packet is lost each second.
        const Kind kind = frame % 50 == 49 ? Kind::lost : Kind::received;
        capture->track().push_audio(std::span(tone).subspan(frame * kFrame % tone.size(), kFrame), kind);
      }
      if (at.count() % how.drain.count() >= 20) continue;
      // Checkpoint and map go by the time that is passed in.
      now += std::chrono::microseconds(static_cast<std::int64_t>(1000 * how.drain.count() * how.clock));
      for (const auto& capture : captures) capture->drain(now, buffer);
    }
    const double spent = cpu_seconds() - before;
    state.SetIterationTime(spent);
    state.counters["percent_of_a_core"] =
        100 * spent * 1000 / kRecordings / static_cast<double>(std::chrono::seconds(kTime).count());
    for (const auto& capture : captures) capture->discard();
    for (const auto& journal : journals) journal->remove();
  }
  fs::remove_all(directory);
}

void add(const char* format) {
  const auto add_one = [format](const char* name, How how) {
    benchmark::RegisterBenchmark((std::string(format) + "/" + name).c_str(), keep, how)
        ->UseManualTime()
        ->Unit(benchmark::kSecond)
        ->Iterations(1)
        ->Repetitions(3)
        ->ReportAggregatesOnly();
  };
  add_one("nothing but the audio, each 240 ms", {format, 240ms, 0, false});
  add_one("drained each 160 ms", {format, 160ms, 0, false});
  add_one("the same with checkpoints", {format, 160ms, 1, false});
  add_one("the same with a journal", {format, 160ms, 1, true});
}

const bool is_registered = [] {
  for (const char* format : {"wav", "mp3"}) add(format);
  return true;
}();

}  // namespace
