#include "record/story.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <nlohmann/json.hpp>

#include "record/journal.hpp"
#include "seal/sealer.hpp"

namespace record {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostTracks = 100000;
constexpr std::size_t kMostParts = 1000;

// What is missing or of another type is as it was.
void take(const Json& json, const char* name, std::string& place) {
  const auto found = json.find(name);
  if (found != json.end() && found->is_string()) place = found->get<std::string>();
}
void take(const Json& json, const char* name, bool& place) {
  const auto found = json.find(name);
  if (found != json.end() && found->is_boolean()) place = found->get<bool>();
}
std::optional<std::int64_t> number(const Json& json, const char* name, std::int64_t least, std::int64_t most) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_integer()) return std::nullopt;
  if (found->is_number_unsigned() && found->get<std::uint64_t>() > std::uint64_t{1} << 62U) return std::nullopt;
  const auto value = found->get<std::int64_t>();
  return value < least || value > most ? std::nullopt : std::optional(value);
}
template <class Enum>
void take_choice(const Json& json, const char* name, Enum last, Enum& place) {
  if (const auto value = number(json, name, 0, static_cast<int>(last))) place = static_cast<Enum>(*value);
}

std::vector<Hint> hints_of(const Json& json) {
  std::vector<Hint> hints;
  const auto found = json.find("hints");
  if (found == json.end() || !found->is_array()) return hints;
  for (const Json& each : *found) {
    if (each.is_array() && each.size() == 2 && each[0].is_string() && each[1].is_string()) {
      hints.push_back({each[0].get<std::string>(), each[1].get<std::string>()});
    }
  }
  return hints;
}

std::map<std::string, std::string> headers_of(const Json& json) {
  std::map<std::string, std::string> headers;
  const auto found = json.find("headers");
  if (found == json.end() || !found->is_object()) return headers;
  for (const auto& [name, value] : found->items()) {
    if (value.is_string()) headers[name] = value.get<std::string>();
  }
  return headers;
}

std::vector<seal::Recipient> keys_of(const Json& json) {
  std::vector<seal::Recipient> keys;
  const auto found = json.find("encrypt_to");
  if (found == json.end() || !found->is_array()) return keys;
  for (const Json& each : *found) {
    const auto key = each.is_string() ? seal::Recipient::parse(each.get_ref<const std::string&>()) : std::nullopt;
    if (key && keys.size() < seal::kMostRecipients) keys.push_back(*key);
  }
  return keys;
}

constexpr std::int64_t kMostRate = 1000000;  // Hz

bool take_opened(Story& story, const Json& json) {
  Request& request = story.request;
  Settings& settings = request.settings;
  take(json, "call", request.call_id);
  take(json, "component", request.component_id);
  take(json, "client", request.client);
  take(json, "account", request.account);
  request.headers = headers_of(json);
  take(json, "from", request.from);
  take(json, "to", request.to);
  constexpr std::int64_t kYear2200 = 7258118400000;  // ms; the clock counts nanoseconds
  if (const auto ms = number(json, "began", 0, kYear2200)) {
    story.began = std::chrono::system_clock::time_point(std::chrono::milliseconds(*ms));
  }
  if (const auto rate = number(json, "rate", 1, kMostRate)) request.rate = static_cast<std::uint32_t>(*rate);
  take(json, "format", settings.format);
  take_choice(json, "direction", Direction::recv, settings.direction);
  take(json, "mix", settings.mix);
  take(json, "mixer", settings.on_mixer);
  take_choice(json, "tracks", Tracks::participant_files, settings.tracks);
  take_choice(json, "pause", PauseMode::tone, settings.pause);
  take(json, "double_pass", settings.double_pass);
  take(json, "exact_mulaw", settings.exact_mulaw);
  if (const auto rate = number(json, "sample_rate", 1, kMostRate)) {
    settings.sample_rate = static_cast<std::uint32_t>(*rate);
  }
  settings.hints = hints_of(json);
  settings.encrypt_to = keys_of(json);
  story.is_known = true;
  return true;
}

// Lines may be lost: a track that was never opened is as good as one that was.
StoryTrack* track_of(Story& story, const Json& json) {
  const auto index = number(json, "track", 0, kMostTracks - 1);
  if (!index || static_cast<std::size_t>(*index) > story.tracks.size() + 1000) return nullptr;
  if (static_cast<std::size_t>(*index) >= story.tracks.size())
    story.tracks.resize(static_cast<std::size_t>(*index) + 1);
  return &story.tracks[static_cast<std::size_t>(*index)];
}

bool take_start(StoryTrack& track, const Json& json) {
  // Nanoseconds; differences of two fit, too.
  const auto start = number(json, "start", 0, std::numeric_limits<std::int64_t>::max() / 4);
  if (start) track.start = base::Time(base::Time::duration(*start));
  return start.has_value();
}

bool take_track(StoryTrack& track, const Json& json) {
  if (json.contains("id")) {
    Participant& who = track.who.emplace();
    take(json, "id", who.id);
    take(json, "name", who.name);
    take(json, "uri", who.uri);
  }
  return take_start(track, json);
}

bool take_part(StoryTrack& track, const Json& json) {
  StoryPart part;
  take(json, "file", part.file);
  take(json, "format", part.format);
  const auto rate = number(json, "rate", 1, kMostRate);
  const auto channels = number(json, "channels", 1, 255);
  // A name, no path: whoever altered this line must not lead us elsewhere.
  if (part.file.empty() || part.file.front() == '.' || part.file.find('/') != std::string::npos) return false;
  if (part.file.find('\0') != std::string::npos) return false;
  if (!rate || !channels || track.parts.size() >= kMostParts) return false;
  part.audio = {static_cast<std::uint32_t>(*rate), static_cast<int>(*channels)};
  part.hints = hints_of(json);
  track.parts.push_back(std::move(part));
  return true;
}

std::optional<std::vector<Span>> spans_of(std::span<const Span> before, const Json& json, const char* keep,
                                          const char* name) {
  const auto kept = number(json, keep, 0, static_cast<std::int64_t>(before.size()));
  const auto found = json.find(name);
  if (!kept || found == json.end() || !found->is_array()) return std::nullopt;
  std::vector<Span> spans(before.begin(), before.begin() + *kept);
  for (const Json& each : *found) {
    if (!each.is_array() || each.size() != 4) return std::nullopt;
    std::array<std::uint64_t, 4> values{};
    for (std::size_t i = 0; i < 4; ++i) {
      if (!each[i].is_number_unsigned()) return std::nullopt;
      values[i] = each[i].get<std::uint64_t>();
    }
    if (values[0] >= kKinds) return std::nullopt;
    spans.push_back({static_cast<Kind>(values[0]), values[1], values[2], values[3]});
  }
  return spans;
}

bool take_map(StoryTrack& track, const Json& json) {
  const auto rate = number(json, "rate", 1, kMostRate);
  const auto samples = number(json, "samples", 0, std::numeric_limits<std::int64_t>::max());
  auto spans = spans_of(track.map.spans(), json, "keep", "spans");
  auto skips = spans_of(track.map.skips(), json, "keep_skips", "skips");
  bool is_complete = true;
  take(json, "complete", is_complete);
  const auto line = number(json, "line", 1, std::numeric_limits<std::int64_t>::max());
  if (!rate || !samples || !spans || !skips || !line) return false;
  // What it keeps is of the line before it; where that one is lost nobody knows what it said.
  const bool is_anew = number(json, "keep", 0, 0) && number(json, "keep_skips", 0, 0);
  if (!is_anew && *line != track.map_line + 1) return false;
  auto map = SpanMap::restored(static_cast<std::uint32_t>(*rate), static_cast<std::uint64_t>(*samples),
                               std::move(*spans), std::move(*skips), is_complete);
  if (!map) return false;
  track.map = std::move(*map);
  track.map_line = *line;
  return true;
}

bool take_ended(Story& story, const Json& json) {
  StoryEnd end;
  take_choice(json, "reason", EndReason::interrupted, end.reason);
  take(json, "error", end.error);
  take(json, "no_media", end.stats.no_media_at_start);
  Stats& stats = end.stats;
  const std::array<std::uint64_t*, 15> places = {
      &stats.samples,        &stats.paused_samples,    &stats.repaired_samples, &stats.lost_samples,
      &stats.silent_samples, &stats.noise_samples,     &stats.held_samples,     &stats.overrun_samples,
      &stats.late_samples,   &stats.duplicate_samples, &stats.adjusted_samples, &stats.packets_received,
      &stats.packets_lost,   &stats.packets_late,      &stats.packets_duplicate};
  const auto found = json.find("stats");
  if (found != json.end() && found->is_array() && found->size() == places.size() + 1) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      const Json& each = (*found)[i + 1];
      // So that a thousand times as much still fits.
      if (each.is_number_unsigned()) *places[i] = std::min(each.get<std::uint64_t>(), std::uint64_t{1} << 50U);
    }
    const Json& rate = found->front();
    if (rate.is_number_unsigned() && rate.get<std::uint64_t>() <= static_cast<std::uint64_t>(kMostRate)) {
      stats.rate = rate.get<std::uint32_t>();
    }
  }
  story.end = std::move(end);
  return true;
}

bool take_line(Story& story, std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return false;
  std::string what;
  take(json, "what", what);
  if (what == "opened") return take_opened(story, json);
  if (what == "ended") return take_ended(story, json);
  if (what == "told") return story.is_told = true;
  StoryTrack* track = track_of(story, json);
  if (track == nullptr) return false;
  if (what == "track") return take_track(*track, json);
  if (what == "start") return take_start(*track, json);
  if (what == "part") return take_part(*track, json);
  if (what == "map") return take_map(*track, json);
  return true;  // of a later version
}

}  // namespace

Story read_story(std::string_view journal) {
  Story story;
  while (!journal.empty()) {
    const std::size_t end = journal.find('\n');
    const std::string_view line = journal.substr(0, end);
    const bool is_whole = end != std::string_view::npos;
    journal.remove_prefix(is_whole ? end + 1 : journal.size());
    if (line.empty() && is_whole) continue;
    constexpr std::size_t kSum = 9;  // with its blank
    const std::string_view text = line.substr(std::min(line.size(), kSum));
    const bool is_intact = is_whole && journal_line(text).substr(0, kSum) == line.substr(0, kSum);
    if (!is_intact || !take_line(story, text)) ++story.damaged;
  }
  return story;
}

}  // namespace record
