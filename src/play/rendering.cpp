#include "play/rendering.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace play {
namespace {

constexpr int kSlowest = 5;  // tenths
constexpr int kFastest = 20;

std::uint64_t samples_in(std::chrono::milliseconds time, std::uint32_t rate) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0)) * rate / 1000;
}

}  // namespace

Rendering::Rendering(Program program, const Manner& manner)
    : program_(std::move(program)), manner_(manner), feed_(program_.rate(), manner.start_paused) {
  play_from({std::min(samples_in(manner.start_offset, feed_.rate()), program_.length()), 0});
  fill();
}

void Rendering::fill() {
  while (stretches_.size() > 1 && stretches_[1].pushed <= feed_.taken()) stretches_.pop_front();
  std::array<std::int16_t, 960> block;
  while (!done_) {
    const auto part = std::span(block).first(std::min(block.size(), feed_.room()));
    if (part.empty()) return;
    feed_.push(part.first(make(part)));
  }
}

// The next samples; none where a repetition has ended: then the state says how it goes on.
std::size_t Rendering::make(std::span<std::int16_t> out) {
  if (silence_ > 0) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), silence_));
    std::fill_n(out.begin(), count, std::int16_t{0});
    silence_ -= count;
    return count;
  }
  if (between_) play_from({0, repetition_ + 1});
  const std::size_t count = tempo_ ? tempo_->read(program_, out) : program_.read(out);
  if (count > 0) {
    made_any_ = true;
  } else {
    end_repetition();
  }
  return count;
}

void Rendering::end_repetition() {
  const bool last = manner_.repeat_times != 0 && repetition_ + 1 >= manner_.repeat_times;
  if (last || !made_any_) {  // what yields nothing is not tried for ever
    done_ = true;
    return feed_.end();
  }
  between_ = true;
  silence_ = samples_in(manner_.repeat_interval, feed_.rate());
  note(program_.length(), 0);
}

void Rendering::play_from(Place place) {
  repetition_ = place.repetition;
  between_ = false;
  silence_ = 0;
  // Behind a jump to its very end a repetition is over, and has been heard.
  made_any_ = place.sample > 0;
  done_ = false;
  program_.seek(place.sample);
  tempo_.reset();
  if (tenths_ != 10) tempo_.emplace(feed_.rate(), speed());
  note(place.sample, speed());
}

void Rendering::note(std::uint64_t sample, double speed) {
  stretches_.push_back({feed_.pushed(), sample, repetition_, speed});
}

Rendering::Place Rendering::marker() const {
  const std::uint64_t taken = feed_.taken();
  Stretch at = stretches_.front();
  for (const Stretch& stretch : stretches_) {
    if (stretch.pushed <= taken) at = stretch;
  }
  const double heard = static_cast<double>(taken - std::min(taken, at.pushed)) * at.speed;
  return {std::min(at.sample + static_cast<std::uint64_t>(heard), program_.length()), at.repetition};
}

void Rendering::go_to(Place place) {
  feed_.begin_flush();
  stretches_.clear();
  play_from(place);
  fill();
  feed_.end_flush();
}

void Rendering::seek(std::chrono::milliseconds by) {
  Place place = marker();
  const std::uint64_t distance = samples_in(std::chrono::abs(by), feed_.rate());
  if (by.count() < 0) {
    place.sample -= std::min(distance, place.sample);
  } else {
    place.sample = std::min(place.sample + distance, program_.length());
  }
  go_to(place);
}

void Rendering::change_speed(int tenths) {
  const Place place = marker();
  tenths_ = std::clamp(tenths_ + tenths, kSlowest, kFastest);
  go_to(place);
}

}  // namespace play
