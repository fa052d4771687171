#include "record/recording.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "record/hints.hpp"
#include "storage/file_name.hpp"

namespace record {
namespace {

// So long a participant's End may follow the recording's own.
constexpr std::chrono::seconds kLettingGo{5};

std::string why_the_tap_gave_up(const Track& track) {
  if (track.stats().overrun_samples > 0) return "the writer could not keep up with the audio";
  if (track.is_failed()) return "the disk did not answer for too long";
  return "the call's audio does not fit what this recording was opened for";
}

}  // namespace

Recording::Recording(Request request, const Format& format, Tags tags, std::unique_ptr<Journal> journal,
                     std::unique_ptr<Capture> main, const storage::Spool& spool, Beginnings* beginnings,
                     AudioMemory* memory)
    : beginnings_(beginnings),
      request_(std::move(request)),
      format_(format),
      tags_(std::move(tags)),
      journal_(std::move(journal)),
      main_(std::move(main)),
      participants_(spool, main_->stem(), tags_, journal_.get(), memory) {}

base::Result<std::unique_ptr<Recording>> Recording::open(const Request& request,
                                                         std::chrono::system_clock::time_point began,
                                                         const storage::Spool& spool, Beginnings* beginnings,
                                                         AudioMemory* memory) {
  Request applied_request = request;
  Settings& settings = applied_request.settings;
  if (auto applied = apply_hints(settings); !applied) return std::move(applied.error());
  const Format* format = find_format(settings.format);
  const Format* master = find_format(kMaster);
  const bool is_master = keeps_master(settings);
  if (format == nullptr || (is_master && master == nullptr)) {
    return base::Error{base::Kind::not_supported, "no such format", base::Fault::peer};
  }
  if (auto checked = format->check(settings.hints); !checked) return std::move(checked.error());
  if (auto sealable = check_encryption(settings); !sealable) return std::move(sealable.error());
  if (auto made = spool.make(); !made) return std::move(made.error());
  if (auto room = spool.check_reserve(); !room) return std::move(room.error());
  auto opened = Journal::open(spool, storage::file_stem(began, request.call_id, request.component_id));
  if (!opened) return std::move(opened.error());
  std::unique_ptr<Journal> journal = std::move(*opened);
  journal->opened(request, settings, began);
  Tags tags = tags_of(request, settings, began);
  auto main = Capture::open(spool, {.stem = journal->stem(),
                                    .suffix = is_master ? "-master" : "",
                                    .part_format = is_master ? master : format,
                                    .file_format = format,
                                    .hints = is_master ? std::vector<Hint>() : settings.hints,
                                    .sample_rate = settings.sample_rate,
                                    .rate = request.rate,
                                    .channels = settings.channels(),
                                    .tags = tags,
                                    .encrypt_to = settings.encrypt_to,
                                    .journal = journal.get(),
                                    .memory = memory});
  if (!main) {
    journal->remove();
    return std::move(main.error());
  }
  if (beginnings != nullptr)
    beginnings->began({journal->stem(), disclosed(request), settings, began, (*main)->file().path});
  return std::unique_ptr<Recording>(new Recording(disclosed(std::move(applied_request)), *format, std::move(tags),
                                                  std::move(journal), std::move(*main), spool, beginnings, memory));
}

base::Result<Track*> Recording::open_participant(const Participant& who, std::uint32_t rate) {
  if (settings_.tracks == Tracks::mix || ended_ || main_->track().is_failed()) {
    return base::Error{base::Kind::unexpected, "the recording takes no participant (any more)"};
  }
  return participants_.open(who, rate);
}

bool Recording::is_due(base::Time now) const { return main_->is_due(now) || participants_.is_due(now); }

bool Recording::drain(base::Time now, std::span<std::int16_t> buffer) {
  if (main_->drain(now, buffer) && !ended_) ended_ = now;
  const bool are_closed = participants_.drain(now, buffer);
  return ended_ && (are_closed || now - *ended_ >= kLettingGo);
}

void Recording::shut(const std::string& why) {
  main_->shut(why);
  participants_.shut(why);
}

Recording::Ending Recording::finish() {
  main_->finish();
  Track& track = main_->track();
  if (main_->error().empty() && track.ended() && track.reason() == EndReason::error) {
    main_->set_error(why_the_tap_gave_up(track));
  }
  const std::uint32_t rate = main_->file_rate();
  std::vector<FinishedPart> parts = main_->take_parts();
  Facts all = facts(rate);
  const std::string stem = journal_->stem();
  if (parts.empty()) {
    participants_.discard();
    return Ready{.stem = stem, .request = request_, .facts = std::move(all), .journal = std::move(journal_)};
  }
  std::vector<Attendance> attendances = participants_.take();
  journal_->ended(all.reason, all.error, all.stats);
  if (parts.size() > 1 || keeps_master(settings_) || !attendances.empty()) {
    const AudioFormat audio = all.audio;
    return FinishingJob{.stem = stem,
                        .request = request_,
                        .parts = std::move(parts),
                        .format = &format_,
                        .audio = audio,
                        .facts = std::move(all),
                        .is_master = keeps_master(settings_),
                        .start = main_->start(),
                        .participants = std::move(attendances),
                        .journal = std::move(journal_)};
  }
  FinishedPart& part = parts.front();
  all.samples = part.samples;
  all.size = part.size;
  all.map.change_rate(part.audio.rate);
  all.map.cut(part.samples);
  Ready ready{.stem = stem, .request = request_, .facts = std::move(all), .journal = std::move(journal_)};
  const std::string name = stem + "." + part.file.extension;
  ready.files.push_back({std::move(part.file), name});
  return ready;
}

Facts Recording::facts(std::uint32_t rate) {
  const Track& track = main_->track();
  const std::string& error = main_->error();
  Facts facts;
  facts.format = settings_.format;
  facts.encoding = encoding_of(settings_);
  facts.tags = tags_;
  facts.encrypt_to = settings_.encrypt_to;
  facts.audio = {rate, settings_.channels()};
  facts.reason = error.empty() && track.ended() ? track.reason() : EndReason::error;
  facts.error = error;
  if (track.ended()) facts.stats = track.stats();  // else the producer still has it
  facts.map = main_->map();
  return facts;
}

void Recording::discard() {
  main_->discard();
  participants_.discard();
  journal_->remove();
  if (beginnings_ != nullptr) beginnings_->discarded(journal_->stem());
}

}  // namespace record
