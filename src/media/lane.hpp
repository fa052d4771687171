#pragma once
// Audio by its place on a timeline, for as long as it may still be asked for: what a party was sent, until the
// recording has come so far. Places that nothing was written to are silent. Owned by a media worker; only change_rate()
// and change_length() allocate.

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
      each_run(end_, static_cast<std::size_t>(at - end_), [this](std::size_t index, std::size_t, std::size_t count) {
        std::fill_n(samples_.begin() + static_cast<std::ptrdiff_t>(index), count, std::int16_t{0});
      });
      end_ = at;
    }
    each_run(end_, audio.size(), [&](std::size_t index, std::size_t done, std::size_t count) {
      std::copy_n(audio.begin() + static_cast<std::ptrdiff_t>(done), count,
                  samples_.begin() + static_cast<std::ptrdiff_t>(index));
    });
    end_ += static_cast<Position>(audio.size());
  }
  void read(Position at, std::span<std::int16_t> out) const {
    const Position oldest = std::max(begin_, end_ - length());
    if (begun_ && at >= oldest && at + static_cast<Position>(out.size()) <= end_) {
      each_run(at, out.size(), [&](std::size_t index, std::size_t done, std::size_t count) {
        std::copy_n(samples_.begin() + static_cast<std::ptrdiff_t>(index), count,
                    out.begin() + static_cast<std::ptrdiff_t>(done));
      });
      return;
    }
    for (std::int16_t& sample : out) {
      sample = begun_ && at >= oldest && at < end_ ? samples_[place(at)] : std::int16_t{0};
      ++at;
    }
  }
  Position end() const { return end_; }

  // What there is stays, as far as it fits.
  void change_length(std::chrono::milliseconds length_wanted) {
    Lane made(rate_, length_wanted);
    if (made.length() == length()) return;
    const Position oldest = std::max({begin_, end_ - length(), end_ - made.length()});
    std::vector<std::int16_t> audio(static_cast<std::size_t>(end_ - oldest));
    read(oldest, audio);
    if (begun_) made.write(oldest, audio);
    *this = std::move(made);
  }

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
  // The stretch from `at` on as it lies in the ring, in one run or more: run(index, samples before it, samples).
  template <class Run>
  void each_run(Position at, std::size_t size, Run&& run) const {
    for (std::size_t done = 0; done < size;) {
      const std::size_t index = place(at + static_cast<Position>(done));
      const std::size_t count = std::min(size - done, samples_.size() - index);
      run(index, done, count);
      done += count;
    }
  }

  std::uint32_t rate_;
  std::vector<std::int16_t> samples_;
  bool begun_ = false;
  Position begin_ = 0, end_ = 0;
};

}  // namespace media
