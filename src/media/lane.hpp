#pragma once
// Audio by its place on a timeline, for as long as it may still be asked for: what a party was sent, until the
// recording has come so far. Places that nothing was written to are silent. Owned by a media worker; only change_rate()
// allocates.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "media/rate_change.hpp"
#include "media/timeline.hpp"

namespace media {

class Lane {
 public:
  Lane(std::uint32_t rate, std::chrono::milliseconds length)
      : rate_(rate), samples_(static_cast<std::size_t>(length.count()) * rate / 1000) {}

  // What lies before the end is there already and stays.
  void write(Position at, std::span<const std::int16_t> audio) {
    if (at < 0) return;
    if (!begun_) begin_ = end_ = at, begun_ = true;
    if (at < end_) {
      audio = audio.subspan(std::min(audio.size(), static_cast<std::size_t>(end_ - at)));
    } else {
      if (at - end_ >= length()) end_ = at - length();
      while (end_ < at) put(0);
    }
    for (const std::int16_t sample : audio) put(sample);
  }
  void read(Position at, std::span<std::int16_t> out) const {
    const Position oldest = std::max(begin_, end_ - length());
    if (begun_ && at >= oldest && at + static_cast<Position>(out.size()) <= end_) {
      std::size_t index = place(at);
      for (std::int16_t& sample : out) {
        sample = samples_[index];
        if (++index == samples_.size()) index = 0;
      }
      return;
    }
    for (std::int16_t& sample : out) {
      sample = begun_ && at >= oldest && at < end_ ? samples_[place(at)] : std::int16_t{0};
      ++at;
    }
  }
  Position end() const { return end_; }

  void change_rate(std::uint32_t rate) {
    if (rate == rate_) return;
    const Position oldest = std::max(begin_, end_ - length());
    std::vector<float> old;
    for (Position at = oldest; at < end_; ++at) old.push_back(samples_[place(at)]);
    Lane made(rate, std::chrono::milliseconds(samples_.size() * 1000 / rate_));
    std::vector<std::int16_t> audio;
    for (const float sample : raised(old, rate_, rate)) {
      audio.push_back(static_cast<std::int16_t>(std::clamp(sample, -32768.0F, 32767.0F)));
    }
    if (begun_) made.write(scaled(oldest, rate_, rate), audio);
    *this = std::move(made);
  }

 private:
  Position length() const { return static_cast<Position>(samples_.size()); }
  std::size_t place(Position at) const { return static_cast<std::size_t>(at) % samples_.size(); }
  void put(std::int16_t sample) { samples_[place(end_++)] = sample; }

  std::uint32_t rate_;
  std::vector<std::int16_t> samples_;
  bool begun_ = false;
  Position begin_ = 0, end_ = 0;
};

}  // namespace media
