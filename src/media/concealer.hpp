#pragma once
// Makes up audio for lost packets by going on with the last pitch period, fading to silence within 60 ms, and blends
// into what comes after; the idea is ITU-T G.711 Appendix I's. spandsp's plc_* was tried: it writes past short blocks
// and copies overlapping memory with memcpy. Owned by a media worker; never allocates after construction.

#include <cstdint>
#include <span>
#include <vector>

namespace media {

class Concealer {
 public:
  explicit Concealer(std::uint32_t rate);

  // Real audio, in order. Its beginning is blended with what was made up before it.
  void receive(std::span<std::int16_t> audio);
  // The next made-up samples; silence after kMostMs of them.
  void conceal(std::span<std::int16_t> out);

  std::size_t history() const { return history_.size(); }

  static constexpr std::size_t kMostMs = 60;

 private:
  std::size_t find_pitch() const;
  void begin();
  float next();

  std::size_t shortest_, longest_;  // pitch periods, samples
  std::size_t span_;                // compared to find the period
  float fade_begin_, fade_end_;     // samples into the gap
  std::vector<std::int16_t> history_;
  std::vector<float> cycle_;
  std::size_t pitch_ = 0, overlap_ = 0;
  std::size_t at_ = 0;       // in cycle_
  std::size_t missing_ = 0;  // samples made up in this gap
};

}  // namespace media
