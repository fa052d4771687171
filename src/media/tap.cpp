#include "media/tap.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>
#include <utility>

namespace media {
namespace {

constexpr std::chrono::milliseconds kRamp{2};
constexpr std::chrono::milliseconds kUnheard{2000};
constexpr std::size_t kCues = 16;

std::int16_t saturated(int value) { return static_cast<std::int16_t>(std::clamp(value, -32768, 32767)); }

}  // namespace

Tap::Tap(TapId id, TapOptions options, Position start)
    : id_(id),
      track_(options.track),
      settings_(std::move(options.settings)),
      rate_(track_->rate()),
      ramp_(kRamp.count() * rate_ / 1000),
      start_(start),
      max_(samples(settings_.max_duration)),
      initial_(samples(settings_.initial_timeout)),
      final_(samples(settings_.final_timeout)),
      paused_(settings_.start_paused),
      will_be_paused_(settings_.start_paused),
      detector_(track_->rate()) {
  cues_.reserve(kCues);
}

Tap::Limit Tap::samples(std::optional<std::chrono::milliseconds> limit) const {
  if (!limit) return std::nullopt;
  constexpr std::chrono::milliseconds kMost = std::chrono::hours(24 * 365 * 100);  // no overflow
  return std::min(*limit, kMost).count() * rate_ / 1000;
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

  Position at = std::max(frame.position, start_);
  apply_cues(at);
  while (!ended_ && at < end_of_frame) {
    const Position until = cues_.empty() ? end_of_frame : std::min(end_of_frame, cues_.front().at);
    if (paused_) {
      stats_.paused_samples += static_cast<std::uint64_t>(until - at);
      at = until;
    } else {
      at += record(frame, at, until);
    }
    if (!ended_) apply_cues(at);
  }
  if (ended_) return;
  if (!flush()) return;
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
    paused_ = cue.kind == Cue::Kind::pause;
    if (!paused_ && recorded_ > 0) resumed_at_ = cue.at;
  }
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
  if (max_) consider(*max_ - recorded_, record::EndReason::max_duration);
  if (initial_ && !spoken_) consider(*initial_ - recorded_, record::EndReason::initial_timeout);
  if (final_ && spoken_) consider(*final_ - quiet_, record::EndReason::final_timeout);

  bool sound = false;
  if ((initial_ || final_) && count > 0) {
    const auto judged = settings_.direction == record::Direction::recv ? frame.recv : frame.send;
    sound = detector_.feed(judged.subspan(static_cast<std::size_t>(from - frame.position),  //
                                          static_cast<std::size_t>(count)));
    if (sound) spoken_ = true;
    quiet_ = sound ? 0 : quiet_ + count;
  }
  append(frame, from, from + count);
  if (limit && (*limit == record::EndReason::max_duration || !sound)) end(*limit);
  return count;
}

void Tap::append(const Frame& frame, Position from, Position to) {
  const auto begin = static_cast<std::size_t>(from - frame.position);
  const auto count = static_cast<std::size_t>(to - from);
  std::int16_t* const out = block_.data() + block_size_;
  const std::int16_t* const send = frame.send.data() + begin;
  const std::int16_t* const recv = frame.recv.data() + begin;
  const auto channels = static_cast<std::size_t>(settings_.channels());
  assert(block_size_ + count * channels <= block_.size());
  switch (settings_.direction) {
    case record::Direction::send:
      std::copy_n(send, count, out);
      break;
    case record::Direction::recv:
      std::copy_n(recv, count, out);
      break;
    case record::Direction::duplex:
      for (std::size_t i = 0; i < count; ++i) {
        if (channels == 1) {
          out[i] = saturated(send[i] + recv[i]);
        } else {
          out[2 * i] = send[i];
          out[2 * i + 1] = recv[i];
        }
      }
  }
  if (needs_gain(from, to)) {
    for (std::size_t i = 0; i < count; ++i) {
      const float factor = gain(from + static_cast<Position>(i));
      for (std::size_t channel = 0; channel < channels; ++channel) {
        std::int16_t& sample = out[channels * i + channel];
        sample = static_cast<std::int16_t>(std::lround(static_cast<float>(sample) * factor));
      }
    }
  }
  block_size_ += count * channels;
  recorded_ += to - from;
  if (settings_.direction != record::Direction::recv && frame.origins != nullptr) {
    stats_.repaired_samples += frame.origins->count(Kind::repaired, begin, begin + count);
    stats_.silent_samples += frame.origins->count(Kind::silent, begin, begin + count);
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
  const float phase = (static_cast<float>(distance) + 0.5F) / static_cast<float>(ramp_);
  return distance >= ramp_ ? 1.0F : 0.5F - 0.5F * std::cos(std::numbers::pi_v<float> * phase);
}

// False if this was the end.
bool Tap::flush() {
  if (block_size_ == 0) return true;
  const auto frames = static_cast<Position>(block_size_) / settings_.channels();
  const bool taken = track_->push_audio({block_.data(), block_size_});
  block_size_ = 0;
  if (taken) return true;
  recorded_ -= frames;
  stats_.overrun_samples += static_cast<std::uint64_t>(frames);
  if (ended_ || stats_.overrun_samples < static_cast<std::uint64_t>(rate_)) return true;
  end(record::EndReason::error);  // a second is lost: better to say so than to go on
  return false;
}

void Tap::end(record::EndReason reason) {
  if (ended_) return;
  ended_ = reason;
  flush();
  stats_.samples = static_cast<std::uint64_t>(recorded_);
  track_->push_end(reason, stats_);
}

}  // namespace media
