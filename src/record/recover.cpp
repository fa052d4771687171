#include "record/recover.hpp"

#include <algorithm>
#include <system_error>
#include <unistd.h>

#include "base/log.hpp"
#include "record/finishing.hpp"
#include "record/unlisted.hpp"
#include "seal/sealer.hpp"

namespace record {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kInterrupted = "the server was stopped by force while this was recorded";

class Recoverer {
 public:
  Recoverer(Leftover& leftover, const storage::Spool& spool)
      : leftover_(leftover), spool_(spool), story_(leftover.story) {
    take_unlisted(story_, leftover.stem, leftover.files);
  }

  std::optional<Ready> run(const std::function<bool()>& is_late);

 private:
  fs::path spooled(const std::string& file) const { return spool_.directory() / file; }
  std::optional<FinishedPart> mend(const StoryPart& part, const StoryTrack& track);
  std::optional<FinishedPart> leave_sealed(storage::SpoolFile place, const StoryPart& part, const StoryTrack& track);
  std::vector<FinishedPart> mend(const StoryTrack& track);
  void keep(storage::SpoolFile file, const std::string& why);
  Facts blank() const;
  Facts facts(const FinishedPart& first, const std::vector<FinishedPart>& parts) const;
  std::vector<Attendance> attendances();
  Ready finished(Ready ready);

  Leftover& leftover_;
  const storage::Spool& spool_;
  Story story_;
  std::string error_;            // the first that happened
  std::vector<ReadyFile> kept_;  // files that cannot be repaired
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

// As it is, beside those that play.
void Recoverer::keep(storage::SpoolFile file, const std::string& why) {
  const std::string name = file.name();
  base::log::error("record", "{}: cannot be repaired: {}; kept as it is", file.path.string(), why);
  if (error_.empty()) error_ = "a part cannot be repaired (" + why + "), and is kept as " + name;
  kept_.push_back({std::move(file), name});
}

// Nobody here can read it: it stays as it is, to be put right by whoever decrypts it. How long it is the map says.
std::optional<FinishedPart> Recoverer::leave_sealed(storage::SpoolFile place, const StoryPart& part,
                                                    const StoryTrack& track) {
  auto file = OutputFile::reopen(place.path);
  if (!file) {
    keep(std::move(place), file.error().text);
    return std::nullopt;
  }
  if (file->size() <= seal::header_size(story_.request.settings.encrypt_to.size())) {  // nothing is in it
    ::unlink(place.path.c_str());
    return std::nullopt;
  }
  if (auto synced = file->sync(); !synced && error_.empty()) error_ = synced.error().text;
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
  if (!fs::exists(place.path, error)) place.path.replace_extension();  // its delivery had begun
  if (!fs::exists(place.path, error)) return std::nullopt;
  if (is_sealed) return leave_sealed(std::move(place), part, track);
  const Format* format = find_format(part.format);
  auto file = OutputFile::reopen(place.path);
  if (!file || format == nullptr) {
    keep(std::move(place), file ? "this server was built without " + part.format : file.error().text);
    return std::nullopt;
  }
  auto repaired = format->repair(*file, part.audio, part.hints);
  if (repaired && repaired->samples > 0) {
    if (auto synced = file->sync(); !synced && error_.empty()) error_ = synced.error().text;
    return FinishedPart{std::move(place), repaired->audio, repaired->samples, file->size()};
  }
  if (repaired) {
    ::unlink(place.path.c_str());  // nothing plays
  } else {
    keep(std::move(place), repaired.error().text);
  }
  return std::nullopt;
}

std::vector<FinishedPart> Recoverer::mend(const StoryTrack& track) {
  std::vector<FinishedPart> parts;
  for (const StoryPart& part : track.parts) {
    auto mended = mend(part, track);
    if (!mended) continue;
    if (!parts.empty() && parts.front().audio.channels != mended->audio.channels) {
      keep(std::move(mended->file), "it has another number of channels");
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

// Of one of which nothing is there.
Facts Recoverer::blank() const {
  const Settings& settings = story_.request.settings;
  Facts facts;
  facts.format = settings.format;
  facts.encoding = encoding_of(settings);
  facts.tags = tags_of(story_.request, settings, story_.began);
  facts.encrypt_to = settings.encrypt_to;
  facts.reason = story_.end ? story_.end->reason : EndReason::interrupted;
  facts.error = story_.end ? story_.end->error : std::string(kInterrupted);
  if (facts.error.empty()) facts.error = error_;
  if (story_.end) facts.stats = story_.end->stats;
  return facts;
}

Facts Recoverer::facts(const FinishedPart& first, const std::vector<FinishedPart>& parts) const {
  Facts facts = blank();
  if (!story_.is_known) facts.format = story_.tracks.front().parts.front().format;
  facts.audio = {parts.back().audio.rate, first.audio.channels};  // parts only ever become wider
  facts.map = fitted(story_.tracks.front().map, facts.audio.rate, length_of(parts, facts.audio.rate));
  if (!story_.end) facts.stats = stats_of(facts.map);
  return facts;
}

// With all that was found, and what is not needed any more.
Ready Recoverer::finished(Ready ready) {
  for (ReadyFile& one : kept_) ready.files.push_back(std::move(one));
  if (!leftover_.journal.empty()) ready.obsolete.push_back(leftover_.journal);
  ready.lock = std::move(leftover_.lock);
  ready.is_told = story_.is_told;
  return ready;
}

std::optional<Ready> Recoverer::run(const std::function<bool()>& is_late) {
  // What was being made of the parts is made anew.
  for (const std::string& file : leftover_.files) {
    if (is_product(file)) ::unlink(spooled(file).c_str());
  }
  if (story_.tracks.empty()) story_.tracks.emplace_back();
  std::vector<FinishedPart> parts = mend(story_.tracks.front());
  std::vector<Attendance> others = attendances();
  if (parts.empty()) {
    for (Attendance& one : others) {
      for (Visit& visit : one.visits) {
        for (FinishedPart& part : visit.parts) keep(std::move(part.file), "of the recording itself nothing is left");
      }
    }
    return finished({.stem = leftover_.stem, .request = story_.request, .facts = blank()});
  }

  const Settings& settings = story_.request.settings;
  Facts all = facts(parts.front(), parts);
  const Format* format = find_format(all.format);
  const bool is_master = story_.is_known && keeps_master(settings);
  if (format == nullptr || (parts.size() == 1 && !is_master && others.empty())) {
    FinishedPart& part = parts.front();
    all.samples = part.samples;
    all.size = part.size;
    Ready ready{.stem = leftover_.stem, .request = story_.request, .facts = std::move(all)};
    const std::string name = leftover_.stem + "." + part.file.extension;
    ready.files.push_back({std::move(part.file), name});
    return finished(std::move(ready));
  }
  const AudioFormat audio = all.audio;
  FinishingJob job{.stem = leftover_.stem,
                   .request = story_.request,
                   .parts = std::move(parts),
                   .format = format,
                   .audio = audio,
                   .facts = std::move(all),
                   .is_master = is_master,
                   .start = story_.tracks.front().start,
                   .participants = std::move(others)};
  if (!story_.is_known) job.request.settings.tracks = Tracks::participant_files;
  Ready ready = finish(std::move(job), spool_, is_late);
  if (ready.is_left) return std::nullopt;
  return finished(std::move(ready));
}

}  // namespace

std::optional<Ready> recover(Leftover& leftover, const storage::Spool& spool, const std::function<bool()>& is_late) {
  return Recoverer(leftover, spool).run(is_late);
}

}  // namespace record
