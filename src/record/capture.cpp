#include "record/capture.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace record {
namespace {

// With the depth of the jitter buffer (200 ms), the writers' poll (50), what an encoder keeps to itself (up to 250) and
// the sync (250, storage/syncer.hpp) still less than a second.
constexpr std::chrono::milliseconds kDrainInterval{150};
// Each third drain. A crash costs nothing that is behind the last one: recovery goes by what is in the file.
constexpr std::chrono::milliseconds kCheckpointInterval{450};
constexpr std::chrono::milliseconds kMapInterval{1000};  // a line of the journal costs more than a header

constexpr double kSeconds = 5;  // of audio for which a track has room of its own

}  // namespace

Capture::Capture(const storage::Spool& spool, Plan plan)
    : spool_(spool),
      plan_(std::move(plan)),
      track_(plan_.rate, plan_.channels, kSeconds, plan_.memory),
      rate_(plan_.rate),
      map_(plan_.rate) {}

base::Result<std::unique_ptr<Capture>> Capture::open(const storage::Spool& spool, Plan plan) {
  std::unique_ptr<Capture> capture(new Capture(spool, std::move(plan)));
  Plan& made = capture->plan_;
  if (made.journal != nullptr) {
    capture->journal_track_ = made.journal->track_opened(capture->opened_, std::exchange(made.who, nullptr));
  }
  if (auto opened = capture->open_first_part(); !opened) return std::move(opened.error());
  return capture;
}

std::uint32_t Capture::file_rate(std::uint32_t audio_rate) const {
  return plan_.sample_rate.value_or(plan_.file_format->rate_for(audio_rate));
}

// The parts only ever become wider.
std::uint32_t Capture::file_rate() const { return parts_.empty() ? file_rate(rate_) : parts_.back().audio.rate; }

base::Result<void> Capture::open_first_part() {
  const std::string stem = plan_.stem + plan_.suffix;
  if (auto opened = open_part(*plan_.part_format, stem, file_rate(rate_), plan_.hints); !opened) return opened;
  if (plan_.suffix.empty()) plan_.stem = part_->file().stem;
  return {};
}

base::Result<void> Capture::open_part(const Format& format, const std::string& stem, std::uint32_t rate,
                                      std::span<const Hint> hints) {
  auto part = Part::open(spool_, stem, format, {rate, plan_.channels}, hints, plan_.tags, plan_.encrypt_to);
  if (!part) return std::move(part.error());
  part_ = std::move(*part);
  if (plan_.journal != nullptr) {
    plan_.journal->part_opened(journal_track_, part_->file().path.filename().string(), format.name(),
                               {rate, plan_.channels}, hints);
  }
  return {};
}

bool Capture::drain(base::Time now, std::span<std::int16_t> buffer) {
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

  if (!checkpoint_due_) checkpoint_due_ = map_due_ = now + kCheckpointInterval;
  if (part_ && !track_.ended()) keep_up(now);
  return track_.ended();
}

// What is to be known after a crash, and what players go by meanwhile.
void Capture::keep_up(base::Time now) {
  if (plan_.journal != nullptr && now >= map_due_) {
    map_due_ = now + kMapInterval;
    if (const auto start = track_.start(); start && !std::exchange(has_journaled_start_, true)) {
      plan_.journal->started(journal_track_, *start);
    }
    plan_.journal->mapped(journal_track_, map_);
  }
  if (now >= *checkpoint_due_) {
    checkpoint_due_ = now + kCheckpointInterval;
    if (auto made = part_->checkpoint(); !made) return fail(made.error().text);
  }
  if (auto flushed = part_->flush(); !flushed) fail(flushed.error().text);
}

// Into the map; what has no samples of its own and needs some gets silence, by way of the buffer, which is empty then.
void Capture::enter(const Track::Block& block, std::span<std::int16_t> buffer) {
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

void Capture::write(std::span<const std::int16_t> interleaved) {
  if (interleaved.empty() || !part_) return;  // closed: what still comes is lost
  if (auto written = part_->write(interleaved, rate_); !written) fail(written.error().text);
}

void Capture::write_silence(std::uint64_t samples, std::span<std::int16_t> buffer) {
  std::fill(buffer.begin(), buffer.end(), std::int16_t{0});
  const auto channels = static_cast<std::size_t>(track_.channels());
  while (samples > 0) {
    const auto count = std::min<std::uint64_t>(samples, buffer.size() / channels);
    write(buffer.first(static_cast<std::size_t>(count) * channels));
    samples -= count;
  }
}

void Capture::change_rate(std::uint32_t rate) {
  rate_ = rate;
  map_.change_rate(rate);
  const Format* master = find_format(kMaster);
  const std::uint32_t wanted = file_rate(rate);
  if (!part_ || wanted <= part_->rate() || master == nullptr) return;  // the file can hold it, or has to
  if (!plan_.encrypt_to.empty() && map_.samples() > 0) return;
  base::Result<void> opened;
  if (map_.samples() == 0) {  // nothing is in it: it begins anew
    spool_.remove(part_->file());
    part_.reset();
    opened = open_first_part();
  } else {
    if (auto finished = part_->finish(); !finished) return fail(finished.error().text);
    parts_.push_back(part_->close(error_));
    part_.reset();
    opened = open_part(*master, plan_.stem + "-part" + std::to_string(parts_.size() + 1), wanted, {});
  }
  if (opened) return;
  base::log::error("record", "{}: {}", plan_.stem, opened.error().text);
  set_error(opened.error().text);
  track_.fail();
}

void Capture::fail(const std::string& what) {
  base::log::error("record", "{}: {}", part_->file().path.string(), what);
  set_error(what);
  track_.fail();
  // As playable as it is: the header says what is there.
  if (auto made = part_->checkpoint(); !made) {
    base::log::error("record", "{}: header: {}", part_->file().path.string(), made.error().text);
  }
  close();
}

void Capture::shut(const std::string& why) {
  if (!part_) return;
  if (auto finished = part_->finish(); !finished) return fail(finished.error().text);
  set_error(why);
  track_.fail();
  close();
}

void Capture::finish() {
  if (!part_) return;
  if (auto finished = part_->finish(); !finished) return fail(finished.error().text);
  close();
}

void Capture::close() {
  if (plan_.journal != nullptr) {
    if (const auto start = track_.start()) plan_.journal->started(journal_track_, *start);
    plan_.journal->mapped(journal_track_, map_);
    plan_.journal = nullptr;  // it may be gone before this is
  }
  parts_.push_back(part_->close(error_));
  part_.reset();
  if (error_.empty() || parts_.back().samples > 0) return;
  spool_.remove(parts_.back().file);
  parts_.pop_back();
}

void Capture::discard() {
  if (part_) spool_.remove(part_->file());
  for (const FinishedPart& part : parts_) spool_.remove(part.file);
  part_.reset();
  parts_.clear();
  plan_.journal = nullptr;
}

}  // namespace record
