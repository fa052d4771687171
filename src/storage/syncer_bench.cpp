// What it costs to have a thousand recordings on the disk: appends as the writers make them, with one syncfs for all
// every quarter of a second, against an fdatasync for each every second. CPU time of this process, kernel included, in
// percent of a core.
#include <atomic>
#include <benchmark/benchmark.h>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/fd.hpp"
#include "storage/syncer.hpp"

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto kTime = 10s;
constexpr auto kTurn = 250ms;         // as record/capture.cpp drains
constexpr std::size_t kBytes = 1000;  // 32 kbit/s in a turn

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Files {
 public:
  explicit Files(std::size_t count) {
    // Not /tmp, which may be memory.
    std::string pattern = (fs::current_path() / "syncer-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
    for (std::size_t i = 0; i < count; ++i) {
      fds.emplace_back(::open((directory / std::to_string(i)).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    }
  }
  ~Files() { fs::remove_all(directory); }
  void append() const {
    const std::string block(kBytes, 'x');
    for (const base::Fd& fd : fds) benchmark::DoNotOptimize(::write(fd.get(), block.data(), block.size()));
  }

  fs::path directory;
  std::vector<base::Fd> fds;
};

enum class How { never, together, each };

void keep(benchmark::State& state, How how) {
  for (auto _ : state) {
    const Files files(static_cast<std::size_t>(state.range(0)));
    storage::Syncer syncer(files.directory, 250ms);
    if (how == How::together && !syncer.start()) return state.SkipWithError("no syncer");
    const double before = cpu_seconds();
    const auto until = std::chrono::steady_clock::now() + kTime;
    for (int turn = 0; std::chrono::steady_clock::now() < until; ++turn) {
      const auto next = std::chrono::steady_clock::now() + kTurn;
      files.append();
      syncer.touch();
      if (how == How::each && turn % 4 == 3) {
        for (const base::Fd& fd : files.fds) ::fdatasync(fd.get());
      }
      std::this_thread::sleep_until(next);
    }
    const double used = cpu_seconds() - before;
    state.counters["percent_of_a_core"] = 100 * used / std::chrono::duration<double>(kTime).count();
    state.counters["longest_sync_ms"] = static_cast<double>(syncer.counts().longest.count());
    state.counters["syncs"] = static_cast<double>(syncer.counts().syncs);
  }
}

}  // namespace

BENCHMARK_CAPTURE(keep, never, How::never)->Arg(1000)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(keep, together, How::together)->Arg(1000)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(keep, each, How::each)->Arg(1000)->Iterations(1)->Unit(benchmark::kSecond);
