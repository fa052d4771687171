#include "media/drift.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace media {
namespace {

constexpr int kPackets = 15;                // at least, for a window to say something
constexpr double kWindow = 2, kStale = 20;  // seconds
constexpr double kSteady = 0.4;             // seconds of packets of one length
constexpr double kForgiven = 0.01;          // seconds: an offset from the beginning is left as it is
constexpr double kTolerated = 0.005;        // seconds
constexpr double kProportional = 0.05;      // per second
constexpr double kIntegral = 0.0006;        // per second²
constexpr double kSlew = 0.003, kMost = 0.015;
// A clock so far off that waiting for the integral would cost tens of milliseconds.
constexpr double kLarge = 0.0015;
constexpr double kCalmClock = 15e-6, kCalmOffset = 0.001;
constexpr int kCalm = 10;

}  // namespace

void Drift::observe(Position lateness, Position arrival, Position duration) {
  note_duration(duration);
  if (packets_ == 0) {
    begin_ = arrival;
    least_ = lateness;
  }
  ++packets_;
  least_ = std::min(least_, lateness);
  const double length = static_cast<double>(arrival - begin_) / rate_;
  if (length >= kWindow && packets_ >= kPackets) {
    close_window(arrival);
  } else if (length >= kStale) {
    packets_ = 0;
    measured_ = false;
  }
}

// Lengths that alternate all the time move nothing.
void Drift::note_duration(Position duration) {
  if (duration == duration_) {
    ++same_duration_;
    return;
  }
  if (static_cast<double>(same_duration_ * duration_) > kSteady * rate_) {
    moved_ = true;
    packets_ = 0;
  }
  duration_ = duration;
  same_duration_ = 0;
}

void Drift::close_window(Position arrival) {
  if (std::exchange(fresh_, false)) {
    const auto most = static_cast<Position>(kForgiven * rate_);
    offset_ = std::clamp(least_, -most, most);
  } else if (std::exchange(moved_, false)) {
    offset_ = least_ + std::llround(early_ * rate_);
  }
  const double early = -static_cast<double>(least_ - offset_) / rate_;
  const double seconds = measured_ ? static_cast<double>(arrival - measured_at_) / rate_ : kWindow;
  packets_ = 0;
  if (measured_) learn_large(early, seconds);
  measured_ = true;
  measured_at_ = arrival;
  early_ = early;
  if (!active_) {
    active_ = std::abs(early) > kTolerated;
    if (!active_) return;
  }
  learnt_ = std::clamp(learnt_ + kIntegral * early * std::min(seconds, kStale), -kMost, kMost);
  correction_ = std::clamp(learnt_ + std::clamp(kProportional * early, -kSlew, kSlew), -kMost, kMost);
  calm_ = std::abs(learnt_) < kCalmClock && std::abs(early) < kCalmOffset ? calm_ + 1 : 0;
  if (calm_ < kCalm) return;
  active_ = false;
  calm_ = 0;
  learnt_ = correction_ = 0;
}

// Two windows that agree; a step of the path's delay shows in one only.
void Drift::learn_large(double early, double seconds) {
  const double slope = (early - early_) / seconds;
  const bool agrees = std::abs(slope) > kLarge && std::abs(slope - slope_) < 0.4 * std::abs(slope);
  slope_ = slope;
  if (!agrees) return;
  learnt_ = std::clamp(correction_ + slope, -kMost, kMost);
  active_ = true;
  slope_ = 0;
}

void Drift::restart() {
  packets_ = 0;
  measured_ = moved_ = false;
  fresh_ = true;
  offset_ = 0;
  slope_ = 0;
  correction_ = active_ ? learnt_ : 0;
}

void Drift::change_rate(std::uint32_t rate) {
  // Lengths are counted in other samples from here on; that is no change of the packets.
  rate_ = rate;
  duration_ = 0;
  same_duration_ = 0;
  restart();
}

}  // namespace media
