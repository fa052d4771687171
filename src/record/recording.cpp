#include "record/recording.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "record/hand_over.hpp"
#include "record/hints.hpp"
#include "storage/file_name.hpp"

namespace record {
namespace {

constexpr std::chrono::milliseconds kDrainInterval{250};
// With the depth of the jitter buffer and the writers' poll still less than a second.
constexpr std::chrono::milliseconds kCheckpointInterval{500};

// What keeps audio as it is until the recording is finished.
constexpr std::string_view kMaster = "wav";

std::string why_the_tap_gave_up(const Stats& stats) {
  if (stats.overrun_samples > 0) return "the writer could not keep up with the audio";
  return "the call's audio does not fit what this recording was opened for";
}

Tags tags_of(const Request& request, const Settings& settings, std::chrono::system_clock::time_point began) {
  return {.call_id = request.call_id,
          .component_id = request.component_id,
          .from = request.from,
          .to = request.to,
          .channels = channels_text(settings),
          .software = "Telegraphone/" TELEGRAPHONE_VERSION,
          .began = began};
}

std::string encoding_of(const Settings& settings) {
  if (settings.format != "wav" && settings.format != "raw") return {};
  std::string encoding = "pcm16";
  for (const Hint& hint : settings.hints) {
    if (hint.name == "encoding") encoding = hint.value;
  }
  return encoding;
}

}  // namespace

Recording::Recording(const Request& request, Settings settings, const Format& format,
                     std::chrono::system_clock::time_point began, const storage::Spool& spool,
                     const storage::FileStore& store)
    : spool_(spool),
      store_(store),
      settings_(std::move(settings)),
      format_(format),
      tags_(tags_of(request, settings_, began)),
      track_(request.rate, settings_.channels()),
      stem_(storage::file_stem(began, request.call_id, request.component_id)),
      rate_(request.rate),
      map_(request.rate) {}

base::Result<std::unique_ptr<Recording>> Recording::open(const Request& request,
                                                         std::chrono::system_clock::time_point began,
                                                         const storage::Spool& spool, const storage::FileStore& store) {
  Settings settings = request.settings;
  if (auto applied = apply_hints(settings); !applied) return std::move(applied.error());
  const Format* format = find_format(settings.format);
  const Format* master = find_format(kMaster);
  if (format == nullptr || (settings.double_pass && master == nullptr)) {
    return base::Error{base::Kind::not_supported, "no such format", base::Fault::peer};
  }
  if (auto checked = format->check(settings.hints); !checked) return std::move(checked.error());
  if (auto made = spool.make(); !made) return std::move(made.error());
  std::unique_ptr<Recording> recording(new Recording(request, std::move(settings), *format, began, spool, store));
  if (auto opened = recording->open_first_part(); !opened) return std::move(opened.error());
  if (auto prepared = store.prepare(recording->part_->file()); !prepared) {
    recording->discard();
    return std::move(prepared.error());
  }
  return recording;
}

std::uint32_t Recording::file_rate(std::uint32_t call_rate) const {
  return settings_.sample_rate.value_or(format_.rate_for(call_rate));
}

base::Result<void> Recording::open_first_part() {
  const std::uint32_t rate = file_rate(rate_);
  if (settings_.double_pass) return open_part(*find_format(kMaster), stem_ + "-master", rate, {});
  if (auto opened = open_part(format_, stem_, rate, settings_.hints); !opened) return opened;
  stem_ = part_->file().stem;
  return {};
}

base::Result<void> Recording::open_part(const Format& format, const std::string& stem, std::uint32_t rate,
                                        std::span<const Hint> hints) {
  auto part = Part::open(spool_, stem, format, {rate, settings_.channels()}, hints, tags_);
  if (!part) return std::move(part.error());
  part_ = std::move(*part);
  return {};
}

bool Recording::drain(base::Time now, std::span<std::int16_t> buffer) {
  drain_due_ = now + kDrainInterval;
  std::size_t filled = 0;
  const auto flush = [&] { write(buffer.first(std::exchange(filled, 0))); };
  while (const auto block = track_.next(buffer.subspan(filled))) {
    if (block->samples == 0 || block->rate != rate_) {
      // What is in front of the block is written first; the block itself stays where it is in the buffer.
      write(buffer.first(filled));
      const auto moved = buffer.subspan(filled, block->samples);
      std::copy(moved.begin(), moved.end(), buffer.begin());
      filled = 0;
      if (block->rate != rate_) change_rate(block->rate);
    }
    enter(*block, buffer);
    filled += block->samples;
    if (buffer.size() - filled < Track::kMaxBlock) flush();
  }
  flush();

  if (!checkpoint_due_) checkpoint_due_ = now + kCheckpointInterval;
  if (part_ && !track_.ended() && now >= *checkpoint_due_) {
    checkpoint_due_ = now + kCheckpointInterval;
    if (auto made = part_->checkpoint(); !made) fail(made.error().text);
  }
  return track_.ended();
}

// Into the map; what has no samples of its own and needs some gets silence, by way of the buffer, which is empty then.
void Recording::enter(const Track::Block& block, std::span<std::int16_t> buffer) {
  if (!part_) return;
  map_.add(block.kind, block.samples / static_cast<std::size_t>(track_.channels()));
  if (block.relabelled > 0) map_.relabel(block.kind, block.relabelled);
  if (block.skipped > 0 && block.kind == Kind::overrun) {
    // Lost, but time all the same: what follows stays where it belongs.
    map_.add(Kind::overrun, block.skipped);
    write_silence(block.skipped, buffer);
  } else {
    map_.skip(block.kind, block.skipped);
  }
}

void Recording::write(std::span<const std::int16_t> interleaved) {
  if (interleaved.empty() || !part_) return;  // closed: what still comes is lost
  if (auto written = part_->write(interleaved, rate_); !written) fail(written.error().text);
}

void Recording::write_silence(std::uint64_t samples, std::span<std::int16_t> buffer) {
  std::fill(buffer.begin(), buffer.end(), std::int16_t{0});
  const auto channels = static_cast<std::size_t>(track_.channels());
  while (samples > 0) {
    const auto count = std::min<std::uint64_t>(samples, buffer.size() / channels);
    write(buffer.first(static_cast<std::size_t>(count) * channels));
    samples -= count;
  }
}

void Recording::change_rate(std::uint32_t rate) {
  rate_ = rate;
  map_.change_rate(rate);
  const Format* master = find_format(kMaster);
  const std::uint32_t wanted = file_rate(rate);
  if (!part_ || wanted <= part_->rate() || master == nullptr) return;  // the file can hold it, or has to
  base::Result<void> opened;
  if (map_.samples() == 0) {  // nothing is in it: it begins anew
    spool_.remove(part_->file());
    part_.reset();
    opened = open_first_part();
  } else {
    if (auto finished = part_->finish(); !finished) return fail(finished.error().text);
    parts_.push_back(part_->close(error_));
    part_.reset();
    opened = open_part(*master, stem_ + "-part" + std::to_string(parts_.size() + 1), wanted, {});
  }
  if (opened) return;
  base::log::error("record", "{}: {}", stem_, opened.error().text);
  if (error_.empty()) error_ = opened.error().text;
  track_.fail();
}

void Recording::fail(const std::string& what) {
  base::log::error("record", "{}: {}", part_->file().path.string(), what);
  if (error_.empty()) error_ = what;
  track_.fail();
  // As playable as it is: the header says what is there.
  if (auto made = part_->checkpoint(); !made) {
    base::log::error("record", "{}: header: {}", part_->file().path.string(), made.error().text);
  }
  close();
}

void Recording::shut(const std::string& why) {
  if (!part_) return;
  if (auto finished = part_->finish(); !finished) return fail(finished.error().text);
  if (error_.empty()) error_ = why;
  track_.fail();
  close();
}

void Recording::close() {
  parts_.push_back(part_->close(error_));
  part_.reset();
  if (error_.empty() || parts_.back().samples > 0) return;
  spool_.remove(parts_.back().file);
  parts_.pop_back();
}

Recording::Ending Recording::finish() {
  if (part_) {
    if (auto finished = part_->finish(); finished) {
      close();
    } else {
      fail(finished.error().text);
    }
  }
  if (error_.empty() && track_.ended() && track_.reason() == EndReason::error) {
    error_ = why_the_tap_gave_up(track_.stats());
  }
  Facts all = facts();
  if (parts_.empty()) {
    return {{.reason = all.reason, .error = all.error, .uri = {}, .stats = all.stats}, {}};
  }
  if (parts_.size() > 1 || settings_.double_pass) {
    const AudioFormat audio = all.audio;
    FinishingJob job{.stem = stem_,
                     .parts = std::move(parts_),
                     .format = &format_,
                     .audio = audio,
                     .hints = settings_.hints,
                     .normalise = settings_.double_pass,
                     .facts = std::move(all)};
    return {{}, std::move(job)};
  }
  const FinishedPart& part = parts_.front();
  all.samples = part.samples;
  all.size = part.size;
  all.map.change_rate(part.audio.rate);
  all.map.cut(part.samples);
  return {hand_over(store_, part.file, all), {}};
}

Facts Recording::facts() const {
  Facts facts;
  facts.format = settings_.format;
  facts.encoding = encoding_of(settings_);
  facts.tags = tags_;
  facts.audio = {file_rate(rate_), settings_.channels()};
  // The parts only ever become wider.
  if (!parts_.empty()) facts.audio.rate = parts_.back().audio.rate;
  facts.reason = error_.empty() && track_.ended() ? track_.reason() : EndReason::error;
  facts.error = error_;
  if (track_.ended()) facts.stats = track_.stats();  // else the producer still has it
  facts.map = map_;
  return facts;
}

void Recording::discard() {
  if (part_) spool_.remove(part_->file());
  for (const FinishedPart& part : parts_) spool_.remove(part.file);
  part_.reset();
  parts_.clear();
}

}  // namespace record
