// What notes cost: one of a dialog or of a recording, written and removed again, both threads and the kernel together.
// CPU time of this process.
#include <benchmark/benchmark.h>
#include <chrono>
#include <filesystem>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

#include "base/notes.hpp"

namespace {

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// A thousand calls that are up at a time.
void written_and_removed(benchmark::State& state) {
  // Not /tmp, which may be memory.
  const std::filesystem::path folder = std::filesystem::current_path() / ("notes-" + std::to_string(::getpid()));
  const double before = cpu_seconds();
  double count = 0;
  for ([[maybe_unused]] auto _ : state) {
    base::Notes notes(folder);
    if (!notes.start()) return state.SkipWithError("no notes");
    const std::string text(400, 'x');
    for (int i = 0; i < 1000; ++i) {
      notes.write("n" + std::to_string(i), text);
      if (i % 10 == 0) ::usleep(1000);  // as they come: what is coalesced costs nothing
    }
    for (int i = 0; i < 1000; ++i) {
      notes.remove("n" + std::to_string(i));
      if (i % 10 == 0) ::usleep(1000);
    }
    count += 1000;
  }
  state.counters["us_of_cpu_each"] = (cpu_seconds() - before) * 1e6 / count;
  std::filesystem::remove_all(folder);
}
BENCHMARK(written_and_removed)->Unit(benchmark::kMillisecond)->Iterations(5);

}  // namespace
