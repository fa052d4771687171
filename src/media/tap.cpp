#include "media/tap.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>
#include <type_traits>
#include <utility>

namespace media {
namespace {

constexpr std::chrono::milliseconds kRamp{2};
constexpr std::chrono::milliseconds kUnheard{2000};
constexpr std::size_t kCues = 16;

// What a pause sounds like that leaves a tone: soft, and not a signal that a telephone network knows.
constexpr float kPauseToneHz = 440;
constexpr float kPauseToneAmplitude = 1036;  // -30 dBFS
constexpr std::chrono::milliseconds kPauseToneRamp{10};

std::int16_t saturated(int value) { return static_cast<std::int16_t>(std::clamp(value, -32768, 32767)); }

// From 0 to 1 over `ramp` samples, without a corner.
float raised_cosine(Position distance, Position ramp) {
  const float phase = (static_cast<float>(distance) + 0.5F) / static_cast<float>(ramp);
  return distance >= ramp ? 1.0F : 0.5F - 0.5F * std::cos(std::numbers::pi_v<float> * phase);
}

}  // namespace

Tap::Tap(TapId id, TapOptions options, Position start)
    : id_(id),
      track_(options.track),
      settings_(std::move(options.settings)),
      rate_(track_->rate()),
      ramp_(kRamp.count() * rate_ / 1000),
      start_(start),
      limits_(limits()),
      paused_(settings_.start_paused),
      will_be_paused_(settings_.start_paused),
      paused_at_(start),
      detector_(track_->rate()) {
  cues_.reserve(kCues);
}

Tap::Limits Tap::limits() const {
  const auto samples = [this](std::optional<std::chrono::milliseconds> limit) -> std::optional<Position> {
    if (!limit) return std::nullopt;
    constexpr std::chrono::milliseconds kMost = std::chrono::hours(24 * 365 * 100);  // no overflow
    return std::min(*limit, kMost).count() * rate_ / 1000;
  };
  return {samples(settings_.max_duration), samples(settings_.initial_timeout), samples(settings_.final_timeout)};
}

bool Tap::pause(Position at) {
  if (ended_ || stopping_ || will_be_paused_) return false;
  will_be_paused_ = true;
  add({.at = at, .kind = Cue::Kind::pause});
  return true;
}

bool Tap::resume(Position at) {
  if (ended_ || stopping_ || !will_be_paused_) return false;
  will_be_paused_ = false;
  was_resumed_ = true;
  add({.at = at, .kind = Cue::Kind::resume});
  return true;
}

bool Tap::stop(Position at, record::EndReason reason) {
  if (ended_ || stopping_) return false;
  stopping_ = true;
  add({.at = at, .kind = Cue::Kind::stop, .reason = reason});
  return true;
}

void Tap::add(Cue cue) {
  // Commands are given in order; a clock that disagrees does not change that.
  cue.at = std::max(cue.at, cues_.empty() ? start_ : cues_.back().at);
  cues_.push_back(cue);
}

void Tap::feed(const Frame& frame) {
  if (ended_) return;
  if (track_->is_failed()) return end(record::EndReason::error);
  const Position end_of_frame = frame.position + static_cast<Position>(frame.send.size());
  if (end_of_frame <= start_) return;

  stats_.packets_received += frame.packets.received;
  stats_.packets_lost += frame.packets.lost;
  stats_.packets_late += frame.packets.late;
  stats_.packets_duplicate += frame.packets.duplicate;
  stats_.late_samples += frame.packets.late_samples;
  stats_.duplicate_samples += frame.packets.duplicate_samples;
  if (frame.adjusted) stats_.adjusted_samples += frame.send.size();

  if (frame.lost_before > 0) relabel(frame.lost_before);
  Position at = std::max(frame.position, start_);
  apply_cues(at);
  while (!ended_ && at < end_of_frame) {
    const Position until = cues_.empty() ? end_of_frame : std::min(end_of_frame, cues_.front().at);
    if (paused_) {
      pass_paused(at, until);
      at = until;
    } else {
      at += record(frame, at, until);
    }
    if (!ended_) apply_cues(at);
  }
  if (!ended_) flush();
  if (ended_) return;
  if (!stats_.no_media_at_start && stats_.packets_received == 0 &&
      end_of_frame - start_ >= kUnheard.count() * rate_ / 1000) {
    stats_.no_media_at_start = true;
    unheard_ = true;
  }
}

bool Tap::take_unheard() { return std::exchange(unheard_, false); }

void Tap::apply_cues(Position until) {
  while (!ended_ && !cues_.empty() && cues_.front().at <= until) {
    const Cue cue = cues_.front();
    cues_.erase(cues_.begin());
    if (cue.kind == Cue::Kind::stop) return end(cue.reason);
    flush();  // so that the pause's mark stands where it was
    paused_ = cue.kind == Cue::Kind::pause;
    if (paused_) {
      paused_at_ = until;
    } else if (recorded_ + filled_ > 0) {
      resumed_at_ = until;
    }
  }
}

// Only what went into the track as silence can be called something else.
void Tap::relabel(Position lost_before) {
  const Position count = std::min(lost_before, std::exchange(silent_run_, 0));
  if (count == 0 || !track_->push_relabel(Kind::lost, static_cast<std::uint64_t>(count))) return;
  stats_.silent_samples -= static_cast<std::uint64_t>(count);
  stats_.lost_samples += static_cast<std::uint64_t>(count);
}

// Records up to the first limit that can fall into [from, to); returns how much was recorded.
Position Tap::record(const Frame& frame, Position from, Position to) {
  Position count = to - from;
  std::optional<record::EndReason> limit;
  const auto consider = [&](Position left, record::EndReason reason) {
    left = std::max<Position>(left, 0);
    // At the same sample the first one named wins.
    if (left < count || (left == count && !limit)) {
      count = left;
      limit = reason;
    }
  };
  if (limits_.max) consider(*limits_.max - recorded_, record::EndReason::max_duration);
  if (limits_.initial && !spoken_) consider(*limits_.initial - recorded_, record::EndReason::initial_timeout);
  if (limits_.final && spoken_) consider(*limits_.final - quiet_, record::EndReason::final_timeout);

  bool sound = false;
  if ((limits_.initial || limits_.final) && count > 0) {
    const auto judged = settings_.direction == record::Direction::recv ? frame.recv : frame.send;
    sound = detector_->feed(judged.subspan(static_cast<std::size_t>(from - frame.position),  //
                                           static_cast<std::size_t>(count)));
    if (sound) spoken_ = true;
    quiet_ = sound ? 0 : quiet_ + count;
  }
  append(frame, from, from + count);
  if (limit && (*limit == record::EndReason::max_duration || !sound)) end(*limit);
  return count;
}

// In pieces of one kind.
void Tap::append(const Frame& frame, Position from, Position to) {
  const bool has_kinds = settings_.direction != record::Direction::recv && frame.origins != nullptr;
  while (from < to && !ended_) {
    const auto begin = static_cast<std::size_t>(from - frame.position);
    auto count = static_cast<std::size_t>(to - from);
    Kind kind = Kind::received;
    if (has_kinds) {
      const Origins::Piece piece = frame.origins->at(begin);
      kind = piece.kind;
      count = std::min(count, piece.end - begin);
    }
    std::int16_t* const out = room(kind, count);
    if (out == nullptr) return;
    copy(frame, from, count, out);
    if (needs_gain(from, from + static_cast<Position>(count))) fade(from, count, out);
    recorded_ += static_cast<Position>(count);
    from += static_cast<Position>(count);
  }
}

void Tap::copy(const Frame& frame, Position from, std::size_t count, std::int16_t* out) const {
  const auto begin = static_cast<std::size_t>(from - frame.position);
  const std::int16_t* const sent = frame.send.data() + begin;
  const std::int16_t* const recv = frame.recv.data() + begin;
  const int channels = settings_.channels();
  const bool is_mixed = settings_.direction == record::Direction::duplex && channels == 1;
  const bool drops_minus_zero = frame.is_mulaw && (is_mixed || !settings_.exact_mulaw);
  const auto send = [&](std::size_t i) { return drops_minus_zero && sent[i] == -1 ? std::int16_t{0} : sent[i]; };
  switch (settings_.direction) {
    case record::Direction::send:
      for (std::size_t i = 0; i < count; ++i) out[i] = send(i);
      break;
    case record::Direction::recv:
      std::copy_n(recv, count, out);
      break;
    case record::Direction::duplex:
      for (std::size_t i = 0; i < count; ++i) {
        if (is_mixed) {
          out[i] = saturated(send(i) + recv[i]);
        } else {
          out[2 * i] = send(i);
          out[2 * i + 1] = recv[i];
        }
      }
  }
}

void Tap::fade(Position from, std::size_t count, std::int16_t* out) const {
  const auto channels = static_cast<std::size_t>(settings_.channels());
  for (std::size_t i = 0; i < count; ++i) {
    const float factor = gain(from + static_cast<Position>(i));
    for (std::size_t channel = 0; channel < channels; ++channel) {
      std::int16_t& sample = out[channels * i + channel];
      sample = static_cast<std::int16_t>(std::lround(static_cast<float>(sample) * factor));
    }
  }
}

// The ramps lie in what is recorded: nothing that was said while paused is heard.
bool Tap::needs_gain(Position from, Position to) const {
  if (resumed_at_ && from < *resumed_at_ + ramp_) return true;
  return !cues_.empty() && cues_.front().kind == Cue::Kind::pause && to > cues_.front().at - ramp_;
}

float Tap::gain(Position position) const {
  Position distance = ramp_;
  if (resumed_at_) distance = std::min(distance, position - *resumed_at_);
  if (!cues_.empty() && cues_.front().kind == Cue::Kind::pause) {
    distance = std::min(distance, cues_.front().at - 1 - position);
  }
  return raised_cosine(distance, ramp_);
}

void Tap::pass_paused(Position from, Position to) {
  stats_.paused_samples += static_cast<std::uint64_t>(to - from);
  if (settings_.pause == record::PauseMode::skip) {
    skipped_ += to - from;
    return;
  }
  const auto channels = static_cast<std::size_t>(settings_.channels());
  std::int16_t* out = room(Kind::paused, static_cast<std::size_t>(to - from));
  if (out == nullptr) return;
  for (Position at = from; at < to; ++at) {
    const std::int16_t sample = settings_.pause == record::PauseMode::tone ? pause_tone(at) : std::int16_t{0};
    out = std::fill_n(out, channels, sample);
  }
  filled_ += to - from;
}

std::int16_t Tap::pause_tone(Position position) const {
  Position distance = position - paused_at_;
  const Position phase = distance % rate_;  // a whole number of periods in a second: no loss of precision over hours
  if (!cues_.empty()) distance = std::min(distance, cues_.front().at - 1 - position);
  const float level = kPauseToneAmplitude * raised_cosine(distance, kPauseToneRamp.count() * rate_ / 1000);
  const float angle =
      2 * std::numbers::pi_v<float> * kPauseToneHz * static_cast<float>(phase) / static_cast<float>(rate_);
  return static_cast<std::int16_t>(std::lround(level * std::sin(angle)));
}

// Where the next frames of this kind go; null if this was the end.
std::int16_t* Tap::room(Kind kind, std::size_t frames) {
  if (kind != block_kind_) flush();
  if (ended_) return nullptr;
  block_kind_ = kind;
  std::int16_t* const out = block_.data() + block_size_;
  block_size_ += frames * static_cast<std::size_t>(settings_.channels());
  assert(block_size_ <= block_.size());
  return out;
}

void Tap::flush() {
  if (block_size_ == 0) return;
  const std::size_t size = std::exchange(block_size_, 0);
  const auto frames = static_cast<Position>(size) / settings_.channels();
  if (track_->has_room(size)) {
    push_marks();
    track_->push_audio({block_.data(), size}, block_kind_);
    return count(block_kind_, frames);
  }
  overrun_ += frames;
  stats_.overrun_samples += static_cast<std::uint64_t>(frames);
  // A second is lost: better to say so than to go on.
  if (stats_.overrun_samples >= static_cast<std::uint64_t>(rate_)) end(record::EndReason::error);
}

void Tap::count(Kind kind, Position frames) {
  const auto samples = static_cast<std::uint64_t>(frames);
  if (kind == Kind::silent) {
    silent_run_ += frames;
  } else if (kind != Kind::paused) {
    silent_run_ = 0;
  }
  switch (kind) {
    case Kind::repaired:
      stats_.repaired_samples += samples;
      break;
    case Kind::lost:
      stats_.lost_samples += samples;
      break;
    case Kind::silent:
      stats_.silent_samples += samples;
      break;
    case Kind::noise:
      stats_.noise_samples += samples;
      break;
    case Kind::held:
      stats_.held_samples += samples;
      break;
    case Kind::received:
    case Kind::paused:   // counted as it passes
    case Kind::overrun:  // likewise
    case Kind::absent:   // not of a tap
      break;
  }
}

void Tap::push_marks() {
  if (track_->push_mark(Kind::overrun, static_cast<std::uint64_t>(overrun_))) overrun_ = 0;
  if (track_->push_mark(Kind::paused, static_cast<std::uint64_t>(skipped_))) skipped_ = 0;
}

void Tap::change_rate(std::uint32_t rate) {
  if (ended_ || rate == rate_) return;
  const auto rescale = [from = rate_, to = static_cast<Position>(rate)](auto& samples) {
    using Samples = std::remove_reference_t<decltype(samples)>;
    samples = samples * static_cast<Samples>(to) / static_cast<Samples>(from);  // 64 bits: enough for 10 years
  };
  for (Position* position : {&start_, &paused_at_, &quiet_, &recorded_, &filled_, &silent_run_, &skipped_, &overrun_}) {
    rescale(*position);
  }
  for (Cue& cue : cues_) rescale(cue.at);
  if (resumed_at_) rescale(*resumed_at_);
  for (std::uint64_t* samples :
       {&stats_.late_samples, &stats_.duplicate_samples, &stats_.adjusted_samples, &stats_.paused_samples,
        &stats_.repaired_samples, &stats_.lost_samples, &stats_.silent_samples, &stats_.noise_samples,
        &stats_.held_samples, &stats_.overrun_samples}) {
    rescale(*samples);
  }
  rate_ = rate;
  ramp_ = kRamp.count() * rate_ / 1000;
  limits_ = limits();
  detector_.emplace(rate);
  track_->change_rate(rate);
}

void Tap::end(record::EndReason reason) {
  if (ended_) return;
  ended_ = reason;
  flush();
  push_marks();
  stats_.rate = static_cast<std::uint32_t>(rate_);
  stats_.samples = static_cast<std::uint64_t>(recorded_ + filled_);
  track_->push_end(reason, stats_);
}

}  // namespace media
