#pragma once
// For tests: a recording of a mixer with participants, whose tracks the test fills, and what became of it.

#include <algorithm>
#include <chrono>
#include <fstream>
#include <gtest/gtest.h>
#include <optional>
#include <thread>

#include <nlohmann/json.hpp>

#include "record/desk_for_test.hpp"
#include "record/playback_for_test.hpp"

namespace record::testing {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using nlohmann::json;

using Samples = std::vector<std::int16_t>;

inline Samples cut(const Samples& samples, std::size_t from, std::size_t to) {
  return {samples.begin() + static_cast<std::ptrdiff_t>(from), samples.begin() + static_cast<std::ptrdiff_t>(to)};
}

inline bool is_silent(const Samples& samples) {
  return std::all_of(samples.begin(), samples.end(), [](std::int16_t sample) { return sample == 0; });
}

inline Samples channel_of(const Samples& interleaved, std::size_t which, std::size_t channels) {
  Samples samples;
  for (std::size_t i = which; i < interleaved.size(); i += channels) samples.push_back(interleaved[i]);
  return samples;
}

inline json sidecar_beside(const std::string& uri) {
  std::ifstream in(sidecar_of(path_of(uri)));
  return json::parse(in, nullptr, false);
}

inline std::string numbered(const char* name, int number) { return std::string(name).append(std::to_string(number)); }

inline json span(const char* kind, int at, int length) {
  return {{"kind", kind}, {"at", at}, {"length", length}, {"skipped", 0}};
}

inline int channels_of(const fs::path& file) {
  return std::stoi(
      output_of("ffprobe -v error -show_entries stream=channels -of default=nw=1:nk=1 '" + file.string() + "' 2>&1"));
}

class ConferenceTest : public ::testing::Test {
 protected:
  ConferenceTest() { EXPECT_TRUE(desk.recorder.start()); }

  static Request conference(std::string format, bool mix, std::vector<Hint> hints = {}) {
    Request asked = request(std::move(format), mix);
    asked.call_id = "mixer1";
    asked.settings.hints = std::move(hints);
    asked.settings.on_mixer = true;
    return asked;
  }

  // The recording's own track, which began at kBegan.
  Track& open(const Request& asked) {
    const auto checked = desk.recorder.check(asked.settings);
    EXPECT_TRUE(checked) << (checked ? "" : checked.error().text);
    auto track = desk.open(asked);
    EXPECT_TRUE(track);
    id = desk.last_id;
    (*track)->set_start(kBegan);
    return **track;
  }
  base::Result<Track*> try_join(const std::string& name, std::uint32_t rate = 8000) {
    std::optional<base::Result<Track*>> result;
    desk.recorder.open_participant(id, {.id = name, .name = "The " + name, .uri = "sip:" + name + "@example.org"}, rate,
                                   [&](ParticipantId, base::Result<Track*> opened) { result = std::move(opened); });
    EXPECT_TRUE(desk.run_until([&] { return result.has_value(); }));
    return std::move(*result);
  }
  // One whose tap begins so long after the recording did.
  Track& join(const std::string& name, std::chrono::nanoseconds after, std::uint32_t rate = 8000) {
    auto track = try_join(name, rate);
    EXPECT_TRUE(track) << (track ? "" : track.error().text);
    (*track)->set_start(kBegan + after);
    return **track;
  }
  static void push(Track& track, const Samples& samples, Kind kind = Kind::received) {
    const std::size_t block = track.rate() / 50;
    for (std::size_t at = 0; at < samples.size() && !track.is_failed(); at += block) {
      const auto next = std::span(samples).subspan(at, std::min(block, samples.size() - at));
      while (!track.push_audio(next, kind) && !track.is_failed()) std::this_thread::yield();
    }
  }
  static void leave(Track& track, Stats stats = {}) { track.push_end(EndReason::stop, stats); }
  Outcome end(Track& track, EndReason reason = EndReason::stop) {
    track.push_end(reason, {.rate = track.rate()});
    return desk.outcome();
  }
  std::vector<std::string> spool() const {
    std::vector<std::string> names;
    for (const auto& file : files_below(directory.path() / "spool")) names.push_back(file.filename().string());
    return names;
  }

  // Its header says how much is in it.
  bool is_closed(const std::string& part) const {
    for (const auto& file : files_below(directory.path() / "spool")) {
      if (file.string().find(part) != std::string::npos) return fs::file_size(file) > 16000;
    }
    return false;
  }

  static constexpr base::Time kBegan = base::Time() + 1000h;
  TemporaryDirectory directory;
  Desk desk{directory.path()};
  RecordingId id = 0;
};

}  // namespace record::testing
