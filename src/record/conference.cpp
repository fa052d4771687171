#include "record/conference.hpp"

#include <algorithm>
#include <memory>

#include "base/log.hpp"
#include "record/participant_reader.hpp"

namespace record {
namespace {

constexpr std::uint64_t kBlock = 1024;  // frames

void note(std::string& error, const std::string& what) {
  if (error.empty()) error = what;
}

}  // namespace

Conference::Conference(FinishingJob& job, std::uint64_t samples)
    : stem_(job.stem), main_start_(job.start), rate_(job.audio.rate), samples_(samples) {
  const auto main = stretches(job.facts.map, std::chrono::nanoseconds(0), rate_);
  for (Attendance& attendance : job.participants) {
    One one{.attendance = std::move(attendance), .aligned = {}, .file = {}, .is_kept = false};
    one.aligned = align(one.attendance, main, main_start_, rate_, samples_);
    all_.push_back(std::move(one));
  }
}

Source Conference::channels(const std::function<bool()>& is_late) {
  struct Channels {
    std::vector<std::unique_ptr<ParticipantReader>> readers;
    std::vector<std::int16_t> one, interleaved;
    std::uint64_t left;
  };
  has_channels_ = true;
  // Shared because a std::function has to be copied.
  auto all = std::make_shared<Channels>();
  for (const One& one : all_) {
    all->readers.push_back(std::make_unique<ParticipantReader>(one.attendance, one.aligned, rate_));
  }
  all->left = samples_;
  return [this, all, is_late]() -> base::Result<std::span<const std::int16_t>> {
    if (is_late()) return too_late();
    const auto count = static_cast<std::size_t>(std::min(all->left, kBlock));
    all->left -= count;
    all->one.resize(count);
    all->interleaved.resize(count * all_.size());
    for (std::size_t channel = 0; channel < all_.size(); ++channel) {
      all->readers[channel]->read(all->one);
      note(all_[channel].attendance.error, all->readers[channel]->error());
      all_[channel].is_kept = !all->readers[channel]->error().empty();
      for (std::size_t i = 0; i < count; ++i) all->interleaved[i * all_.size() + channel] = all->one[i];
    }
    return std::span<const std::int16_t>(all->interleaved);
  };
}

std::string Conference::channels_text() const {
  std::string text;
  for (const One& one : all_) text += (text.empty() ? "" : ", ") + one.attendance.who.id;
  return text;
}

Source Conference::source_of(One& one, const std::function<bool()>& is_late) const {
  struct Channel {
    ParticipantReader reader;
    std::vector<std::int16_t> block;
    std::uint64_t left;
  };
  auto channel = std::make_shared<Channel>(Channel{{one.attendance, one.aligned, rate_}, {}, samples_});
  return [&one, channel, is_late]() -> base::Result<std::span<const std::int16_t>> {
    if (is_late()) return too_late();
    channel->block.resize(static_cast<std::size_t>(std::min(channel->left, kBlock)));
    channel->left -= channel->block.size();
    channel->reader.read(channel->block);
    note(one.attendance.error, channel->reader.error());
    one.is_kept = !channel->reader.error().empty();
    return std::span<const std::int16_t>(channel->block);
  };
}

base::Result<void> Conference::make_files(const storage::Spool& spool, const Product& like,
                                          const std::function<bool()>& is_late) {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    One& one = all_[i];
    Product product = like;
    product.stem = stem_ + "-p" + std::to_string(i + 1);
    product.audio.channels = 1;
    product.tags.call_id = one.attendance.who.id;
    product.tags.from = one.attendance.who.uri;
    product.tags.channels = "send";
    auto file = encode(spool, product, source_of(one, is_late));
    if (file) {
      one.file = std::move(*file);
    } else if (is_late()) {
      return std::move(file.error());
    } else {
      base::log::error("record", "{}: {}", product.stem, file.error().text);
      note(one.attendance.error, file.error().text);
      one.is_kept = true;
    }
  }
  return {};
}

std::vector<KeptPart> Conference::keep(One& one, Ready& ready) const {
  std::vector<KeptPart> kept;
  for (Visit& visit : one.attendance.visits) {
    const auto since = std::chrono::duration<double>(visit.start - main_start_).count();
    auto at = static_cast<std::int64_t>(since * rate_);
    for (FinishedPart& part : visit.parts) {
      const std::string name = part.file.name();
      ready.files.push_back({std::move(part.file), name});
      kept.push_back({name, at});
      at += static_cast<std::int64_t>(part.samples * rate_ / part.audio.rate);
    }
  }
  return kept;
}

void Conference::give(Ready& ready, Facts& facts, bool all_parts) {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    One& one = all_[i];
    ParticipantFacts about;
    if (has_channels_ && !all_parts) about.channel = i;
    if (one.file) {
      about.file = one.file->file.name();
      about.size = one.file->size;
      ready.files.push_back({std::move(one.file->file), about.file});
    }
    one.is_kept = one.is_kept || all_parts;
    if (one.is_kept) {
      about.parts = keep(one, ready);
    } else {
      for (const Visit& visit : one.attendance.visits) {
        for (const FinishedPart& part : visit.parts) ready.obsolete.push_back(part.file.path);
      }
    }
    for (const Visit& visit : one.attendance.visits) {
      about.stats.packets_received += visit.stats.packets_received;
      about.stats.packets_lost += visit.stats.packets_lost;
      about.stats.packets_late += visit.stats.packets_late;
      about.stats.packets_duplicate += visit.stats.packets_duplicate;
    }
    about.who = one.attendance.who;
    about.map = std::move(one.aligned.map);
    about.present = std::move(one.aligned.present);
    about.error = one.attendance.error;
    if (!about.error.empty()) {
      facts.reason = EndReason::error;
      note(facts.error, "participant " + about.who.id + ": " + about.error);
    }
    facts.participants.push_back(std::move(about));
  }
}

void Conference::remove_files(const storage::Spool& spool) {
  for (One& one : all_) {
    if (one.file) spool.remove(one.file->file);
    one.file.reset();
  }
}

}  // namespace record
