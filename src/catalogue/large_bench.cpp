// What the commands and a sweep cost with 100,000 recordings in the catalogue, which have no files.

#include <benchmark/benchmark.h>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/random.hpp"
#include "catalogue/deletion.hpp"
#include "catalogue/keeper.hpp"
#include "catalogue/print.hpp"
#include "catalogue/queries.hpp"
#include "catalogue/verify.hpp"

namespace {

using namespace catalogue;

// Of this process, in MB; the most since it began.
double memory() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmHWM:")) return std::atof(line.c_str() + 6) / 1000;
  }
  return 0;
}

void post(Keeper& keeper, std::int64_t number, Instant began) {
  const std::string id = "20261124T120000Z-call" + std::to_string(number) + "-component" + std::to_string(number);
  keeper.post(Begun{.id = id,
                    .call = "call" + std::to_string(number),
                    .component = "component" + std::to_string(number),
                    .account = "app@localhost",
                    .from = "sip:alice@example.org",
                    .to = "sip:bob@example.org",
                    .format = "mp3",
                    .channels = "mixed",
                    .file = "/spool/" + id + ".mp3.part",
                    .opened = began});
  Ended ended{.ended = began + std::chrono::seconds(60), .reason = "hangup", .duration = std::chrono::seconds(60)};
  ended.sha256 = std::string(64, 'a');
  ended.loss.packets_received = 3000;
  ended.gaps = {{"lost", 1000, 20, 0}, {"silent", 5000, 300, 0}};
  keeper.post(Keeper::End{id, std::move(ended)});
}

// A catalogue of 100,000, made once.
class Large {
 public:
  Large() {
    std::filesystem::create_directories(folder_);
    Keeper keeper({.file = file()});
    if (!keeper.open()) std::abort();
    for (std::int64_t i = 0; i < kCount; ++i) {
      post(keeper, i, now_ - std::chrono::minutes(kCount - i));
      if (i % 500 == 499) keeper.turn(now_);
    }
  }
  Large(const Large&) = delete;
  Large& operator=(const Large&) = delete;
  ~Large() { std::filesystem::remove_all(folder_); }

  std::filesystem::path file() const { return folder_ / "catalogue.sqlite"; }
  Instant now() const { return now_; }

  static const Large& get() {
    static const Large one;
    return one;
  }

  static constexpr std::int64_t kCount = 100'000;

 private:
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("catalogue-bench-" + base::random_id(12));
  const Instant now_ = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
};

void list_newest(benchmark::State& state) {
  const auto database = open_for_reading(Large::get().file());
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(list(*database, {.limit = 20}));
}
void list_all(benchmark::State& state) {
  const auto database = open_for_reading(Large::get().file());
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(table_of(*list(*database, {})));
  state.counters["MB"] = memory();
}
void show(benchmark::State& state) {
  const auto database = open_for_reading(Large::get().file());
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(find(*database, "component70000"));
}
void verify_all(benchmark::State& state) {
  const auto database = open_for_reading(Large::get().file());
  const auto places = places_of(Large::get().file());
  VerifyOptions options;
  options.manifest = places.manifest;
  options.key = *PublicKey::read(places.public_key);
  for ([[maybe_unused]] auto _ : state) {
    const auto report = verify(*database, options);
    if (!report || !report->findings.empty()) state.SkipWithError("it found something");
  }
  state.counters["MB"] = memory();
}
void sweep_with(benchmark::State& state, const RetentionRule& rule) {
  auto catalogue = Catalogue::open(Large::get().file());
  for ([[maybe_unused]] auto _ : state) {
    const auto swept = sweep(*catalogue, {{rule}}, Large::get().now());
    if (!swept || !swept->deleted.empty()) state.SkipWithError("it deleted something");
  }
}

// In this order: memory is what all of them have needed so far.
BENCHMARK(list_newest)->Unit(benchmark::kMillisecond);
BENCHMARK(show)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(sweep_with, nothing_is_due, RetentionRule{.keep = std::chrono::hours(100'000)})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(sweep_with, all_are_old_and_no_rule_fits,
                  RetentionRule{.format = "wav", .keep = std::chrono::hours(1)})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(verify_all)->Unit(benchmark::kMillisecond);
BENCHMARK(list_all)->Unit(benchmark::kMillisecond);

}  // namespace
