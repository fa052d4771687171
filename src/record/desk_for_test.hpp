#pragma once
// For tests: a recorder with a control thread (the test's), and audio for its tracks.

#include <chrono>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include "base/mailbox.hpp"
#include "record/recorder.hpp"

namespace record::testing {

// A recorder with a control thread (the test's) to post to. It keeps no audio waiting: tests push faster than a disk
// may take it, and go by what a track has room for.
class Desk {
 public:
  explicit Desk(std::filesystem::path directory, int writers = 2)
      : Desk(RecorderOptions{.directory = std::move(directory), .writers = writers, .memory = 0}) {}
  explicit Desk(RecorderOptions options)
      : recorder(std::move(options), [this](std::function<void()> task) { tasks_.post(std::move(task)); }) {}

  // Runs what was posted until `done` says so; false if that takes too long.
  template <class Done>
  bool run_until(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      if (tasks_.drain([](std::function<void()>&& task) { task(); }) == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
    return true;
  }

  base::Result<Track*> open(Request request) {
    std::optional<base::Result<Track*>> result;
    last_id = recorder.open(
        std::move(request), [&](base::Result<Track*> opened) { result = std::move(opened); },
        [this, number = opened_++](const Outcome& outcome) { finished[number].push_back(outcome); });
    if (!run_until([&] { return result.has_value(); })) return base::Error{base::Kind::internal, "no answer"};
    return std::move(*result);
  }

  // The outcome of the n-th that was opened.
  Outcome outcome(int number = 0) {
    EXPECT_TRUE(run_until([&] { return finished.count(number) != 0; }));
    EXPECT_EQ(finished[number].size(), 1U);
    return finished[number].empty() ? Outcome{} : finished[number].front();
  }

 private:
  base::Mailbox<std::function<void()>> tasks_;

 public:
  Recorder recorder;
  std::map<int, std::vector<Outcome>> finished;
  RecordingId last_id = 0;

 private:
  int opened_ = 0;
};

inline Request request(std::string format = "mp3", bool mix = true) {
  Request request{.call_id = "call1", .component_id = "rec1", .settings = {}, .rate = 8000, .to = {}, .from = {}};
  request.settings.format = std::move(format);
  request.settings.mix = mix;
  return request;
}

// All of the audio, as fast as the writer takes it, then the End.
inline void play(Track& track, const std::vector<std::int16_t>& interleaved, EndReason reason = EndReason::stop) {
  const std::size_t block = 160 * static_cast<std::size_t>(track.channels());
  for (std::size_t at = 0; at < interleaved.size() && !track.is_failed(); at += block) {
    const auto next = std::span(interleaved).subspan(at, std::min(block, interleaved.size() - at));
    while (!track.push_audio(next) && !track.is_failed()) std::this_thread::yield();
  }
  track.push_end(reason, {.samples = interleaved.size() / static_cast<std::size_t>(track.channels())});
}

inline std::filesystem::path path_of(const std::string& uri) { return uri.substr(std::string("file:").size()); }

// But the spool's lock and the journals of what is being recorded. Waits for what is being delivered.
inline std::vector<std::filesystem::path> files_below(const std::filesystem::path& directory) {
  for (int tries = 0;; ++tries) {
    std::vector<std::filesystem::path> files;
    bool is_delivering = false;
    try {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        const std::string extension = entry.path().extension().string();
        is_delivering = is_delivering || extension == ".delivery" || extension == ".new";
        const bool is_ours = extension == ".journal" || entry.path().filename() == ".lock";
        if (entry.is_regular_file() && !is_ours) files.push_back(entry.path());
      }
    } catch (const std::filesystem::filesystem_error&) {
      is_delivering = true;  // something went while it was looked at
    }
    if (!is_delivering || tries > 10000) return files;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// Nothing grows and nothing is to be delivered.
inline bool is_spool_empty(const std::filesystem::path& directory) { return files_below(directory / "spool").empty(); }

inline std::filesystem::path sidecar_of(std::filesystem::path file) { return file.replace_extension(".json"); }

}  // namespace record::testing
