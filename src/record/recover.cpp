#include "record/recover.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "record/hand_over.hpp"
#include "record/unlisted.hpp"
#include "seal/sealer.hpp"
#include "storage/file_name.hpp"

namespace record {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::string_view kInterrupted = "the server was stopped by force while this was recorded";

class Recoverer {
 public:
  Recoverer(const Leftover& leftover, const FinishingPlaces& places)
      : leftover_(leftover), places_(places), story_(leftover.story) {
    take_unlisted(story_, leftover.stem, leftover.files);
  }

  std::optional<Recovered> run(const std::function<bool()>& is_late);

 private:
  fs::path spooled(const std::string& file) const { return places_.spool.directory() / file; }
  Recovered told(Outcome outcome) const {
    return {story_.request.call_id, story_.request.component_id, story_.request.client, std::move(outcome)};
  }
  Outcome blank() const;
  void remove_rest() const;
  void note(const std::string& error) { error_ = error_.empty() ? error : error_; }

  std::optional<Outcome> delivered() const;
  std::optional<Outcome> delivered_alone() const;
  std::optional<FinishedPart> mend(const StoryPart& part, const StoryTrack& track);
  std::optional<FinishedPart> leave_sealed(storage::SpoolFile place, const StoryPart& part, const StoryTrack& track);
  std::vector<FinishedPart> mend(const StoryTrack& track);
  void keep(const storage::SpoolFile& file, const std::string& why);
  Facts facts(const FinishedPart& first, const std::vector<FinishedPart>& parts) const;
  std::vector<Attendance> attendances();

  const Leftover& leftover_;
  const FinishingPlaces& places_;
  Story story_;
  std::string error_;  // the first that happened
};

// Of all parts, at the rate of the map.
std::uint64_t length_of(const std::vector<FinishedPart>& parts, std::uint32_t rate) {
  std::uint64_t samples = 0;
  for (const FinishedPart& part : parts) samples += (part.samples * rate + part.audio.rate / 2) / part.audio.rate;
  return samples;
}

// The map up to the last checkpoint, for files that end anywhere.
SpanMap fitted(SpanMap map, std::uint32_t rate, std::uint64_t samples) {
  if (map.samples() == 0 && map.skips().empty()) map = SpanMap(rate);
  map.change_rate(rate);
  map.cut(samples);
  map.extend_unknown(samples);
  return map;
}

// What the map tells.
Stats stats_of(const SpanMap& map) {
  Stats stats;
  stats.rate = map.rate();
  stats.samples = map.samples();
  const auto place = [&stats](Kind kind) -> std::uint64_t* {
    switch (kind) {
      case Kind::repaired:
        return &stats.repaired_samples;
      case Kind::lost:
        return &stats.lost_samples;
      case Kind::silent:
        return &stats.silent_samples;
      case Kind::noise:
        return &stats.noise_samples;
      case Kind::held:
        return &stats.held_samples;
      case Kind::paused:
        return &stats.paused_samples;
      case Kind::overrun:
        return &stats.overrun_samples;
      case Kind::received:
      case Kind::absent:
        break;
    }
    return nullptr;
  };
  for (const Span& span : map.spans()) {
    if (std::uint64_t* const samples = place(span.kind)) *samples += span.length + span.skipped;
  }
  return stats;
}

Outcome Recoverer::blank() const {
  Outcome outcome;
  outcome.reason = story_.end ? story_.end->reason : EndReason::interrupted;
  outcome.error = story_.end ? story_.end->error : std::string(kInterrupted);
  if (outcome.error.empty()) outcome.error = error_;
  if (story_.end) outcome.stats = story_.end->stats;
  return outcome;
}

// Its sidecar says so: that is there before the file is, and says what belongs to it.
std::optional<Outcome> Recoverer::delivered() const {
  for (const fs::path& sidecar : places_.store.sidecars_of(leftover_.stem)) {
    std::ifstream in(sidecar, std::ios::binary);
    const Json json = Json::parse(std::string(std::istreambuf_iterator<char>(in), {}), nullptr, false);
    const auto text = [&json](const char* name) {
      const auto found = json.find(name);
      return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    if (!json.is_object() || text("call") != story_.request.call_id ||
        text("component") != story_.request.component_id) {
      continue;
    }
    const fs::path file = sidecar.parent_path() / fs::path(text("file")).filename();
    std::error_code error;
    if (text("file").empty() || !fs::is_regular_file(file, error)) {
      ::unlink(sidecar.c_str());  // the file never came; it gets another one
      continue;
    }
    Outcome outcome = blank();
    outcome.uri = storage::file_uri(file);
    outcome.size = fs::file_size(file, error);
    const auto duration = json.find("duration_ms");
    if (duration != json.end() && duration->is_number_unsigned()) {
      outcome.duration = std::chrono::milliseconds(duration->get<std::uint32_t>());
    }
    if (text("reason") == "error") outcome.reason = EndReason::error;
    if (!text("error").empty()) outcome.error = text("error");
    return outcome;
  }
  return std::nullopt;
}

// One whose sidecar could not be written: its only part has left the spool, and not been removed.
std::optional<Outcome> Recoverer::delivered_alone() const {
  if (!story_.end || story_.tracks.empty() || story_.tracks.front().parts.size() != 1) return std::nullopt;
  const std::string name = fs::path(story_.tracks.front().parts.front().file).stem().string();
  const fs::path file = places_.store.folder_of(leftover_.stem) / name;
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return std::nullopt;
  Outcome outcome = blank();
  outcome.uri = storage::file_uri(file);
  outcome.size = fs::file_size(file, error);
  const Stats& stats = story_.end->stats;
  outcome.duration = std::chrono::milliseconds(stats.rate == 0 ? 0 : stats.samples * 1000 / stats.rate);
  return outcome;
}

void Recoverer::remove_rest() const {
  for (const std::string& file : leftover_.files) ::unlink(spooled(file).c_str());
  if (!leftover_.journal.empty()) ::unlink(leftover_.journal.c_str());
}

// As it is, beside those that play.
void Recoverer::keep(const storage::SpoolFile& file, const std::string& why) {
  const auto stored = places_.store.store(file);
  const std::string kept = (stored ? stored->path : file.path).string();
  base::log::error("record", "{}: cannot be repaired: {}; kept as {}", file.path.string(), why, kept);
  note("a part cannot be repaired (" + why + "), and is kept as " + kept);
}

// Nobody here can read it: it stays as it is, to be put right by whoever decrypts it. How long it is the map says.
std::optional<FinishedPart> Recoverer::leave_sealed(storage::SpoolFile place, const StoryPart& part,
                                                    const StoryTrack& track) {
  auto file = OutputFile::reopen(place.path);
  if (!file) {
    keep(place, file.error().text);
    return std::nullopt;
  }
  if (file->size() <= seal::header_size(story_.request.settings.encrypt_to.size())) {  // nothing is in it
    ::unlink(place.path.c_str());
    return std::nullopt;
  }
  if (auto synced = file->sync(); !synced) note(synced.error().text);
  const auto at_rate = [&part](std::uint64_t samples, std::uint32_t rate) {
    return rate == 0 ? 0 : samples * part.audio.rate / rate;
  };
  std::uint64_t samples = at_rate(track.map.samples(), track.map.rate());
  if (story_.end) samples = std::max(samples, at_rate(story_.end->stats.samples, story_.end->stats.rate));
  return FinishedPart{std::move(place), part.audio, samples, file->size()};
}

std::optional<FinishedPart> Recoverer::mend(const StoryPart& part, const StoryTrack& track) {
  const std::string name = fs::path(part.file).stem().string();  // without ".part"
  const bool is_sealed = name.ends_with(seal::kExtension);
  const std::string inner = is_sealed ? name.substr(0, name.size() - seal::kExtension.size()) : name;
  const std::string stem = fs::path(inner).stem().string();
  storage::SpoolFile place{{}, spooled(part.file), stem, name.substr(std::min(name.size(), stem.size() + 1))};
  std::error_code error;
  if (!fs::exists(place.path, error)) return std::nullopt;
  if (is_sealed) return leave_sealed(std::move(place), part, track);
  const Format* format = find_format(part.format);
  auto file = OutputFile::reopen(place.path);
  if (!file || format == nullptr) {
    keep(place, file ? "this server was built without " + part.format : file.error().text);
    return std::nullopt;
  }
  auto repaired = format->repair(*file, part.audio, part.hints);
  if (repaired && repaired->samples > 0) {
    if (auto synced = file->sync(); !synced) note(synced.error().text);
    return FinishedPart{std::move(place), repaired->audio, repaired->samples, file->size()};
  }
  if (!repaired) keep(place, repaired.error().text);
  if (repaired) ::unlink(place.path.c_str());  // nothing plays
  return std::nullopt;
}

std::vector<FinishedPart> Recoverer::mend(const StoryTrack& track) {
  std::vector<FinishedPart> parts;
  for (const StoryPart& part : track.parts) {
    auto mended = mend(part, track);
    if (!mended) continue;
    if (!parts.empty() && parts.front().audio.channels != mended->audio.channels) {
      keep(mended->file, "it has another number of channels");
    } else {
      parts.push_back(std::move(*mended));
    }
  }
  return parts;
}

std::vector<Attendance> Recoverer::attendances() {
  std::vector<Attendance> all;
  for (std::size_t i = 1; i < story_.tracks.size(); ++i) {
    const StoryTrack& track = story_.tracks[i];
    Visit visit;
    visit.start = track.start;
    visit.parts = mend(track);
    if (visit.parts.empty()) continue;
    const Participant who = track.who.value_or(Participant{"visit" + std::to_string(i), {}, {}});
    const std::uint32_t rate = track.map.samples() > 0 ? track.map.rate() : visit.parts.back().audio.rate;
    visit.map = fitted(track.map, rate, length_of(visit.parts, rate));
    visit.stats = stats_of(visit.map);
    auto found = std::ranges::find_if(all, [&](const Attendance& one) { return one.who.id == who.id; });
    if (found == all.end()) found = all.insert(all.end(), Attendance{who, {}, {}});
    found->visits.push_back(std::move(visit));
  }
  for (Attendance& one : all) std::ranges::stable_sort(one.visits, {}, &Visit::start);
  return all;
}

Facts Recoverer::facts(const FinishedPart& first, const std::vector<FinishedPart>& parts) const {
  const Settings& settings = story_.request.settings;
  Facts facts;
  facts.format = story_.is_known ? settings.format : story_.tracks.front().parts.front().format;
  facts.encoding = encoding_of(settings);
  facts.tags = tags_of(story_.request, settings, story_.began);
  facts.encrypt_to = settings.encrypt_to;
  facts.audio = {parts.back().audio.rate, first.audio.channels};  // parts only ever become wider
  const Outcome how = blank();
  facts.reason = how.reason;
  facts.error = how.error;
  facts.map = fitted(story_.tracks.front().map, facts.audio.rate, length_of(parts, facts.audio.rate));
  facts.stats = story_.end ? story_.end->stats : stats_of(facts.map);
  return facts;
}

std::optional<Recovered> Recoverer::run(const std::function<bool()>& is_late) {
  if (auto outcome = delivered()) {
    remove_rest();
    return told(std::move(*outcome));
  }
  // What was being made of the parts is made anew.
  for (const std::string& file : leftover_.files) {
    if (is_product(file)) ::unlink(spooled(file).c_str());
  }
  if (story_.tracks.empty()) story_.tracks.emplace_back();
  std::vector<FinishedPart> parts = mend(story_.tracks.front());
  std::vector<Attendance> others = attendances();
  if (parts.empty()) {
    Outcome outcome = delivered_alone().value_or(blank());
    for (const Attendance& one : others) {
      for (const Visit& visit : one.visits) {
        for (const FinishedPart& part : visit.parts) keep(part.file, "of the recording itself nothing is left");
      }
    }
    remove_rest();
    return told(std::move(outcome));
  }

  const Settings& settings = story_.request.settings;
  Facts all = facts(parts.front(), parts);
  const Format* format = find_format(all.format);
  const bool is_master = story_.is_known && keeps_master(settings);
  Outcome outcome;
  if (format == nullptr || (parts.size() == 1 && !is_master && others.empty())) {
    FinishedPart& part = parts.front();
    all.samples = part.samples;
    all.size = part.size;
    part.file.stem = leftover_.stem;
    outcome = hand_over(places_.store, part.file, all);
  } else {
    const AudioFormat audio = all.audio;
    FinishingJob job{.stem = leftover_.stem,
                     .parts = std::move(parts),
                     .format = format,
                     .audio = audio,
                     .hints = settings.hints,
                     .normalise = settings.double_pass,
                     .facts = std::move(all),
                     .is_master = is_master,
                     .tracks = story_.is_known ? settings.tracks : Tracks::participant_files,
                     .start = story_.tracks.front().start,
                     .participants = std::move(others)};
    outcome = finish(std::move(job), places_, is_late);
    if (is_late()) return std::nullopt;
  }
  const bool is_stored = !outcome.uri.starts_with(storage::file_uri(places_.spool.directory()) + "/");
  if (!is_stored) return std::nullopt;
  if (!leftover_.journal.empty()) ::unlink(leftover_.journal.c_str());
  for (const std::string& file : leftover_.files) {
    if (file.ends_with(".json.part")) ::unlink(spooled(file).c_str());
  }
  return told(std::move(outcome));
}

}  // namespace

std::optional<Recovered> recover(const Leftover& leftover, const FinishingPlaces& places,
                                 const std::function<bool()>& is_late) {
  return Recoverer(leftover, places).run(is_late);
}

}  // namespace record
