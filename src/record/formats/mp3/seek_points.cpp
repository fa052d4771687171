#include "record/formats/mp3/seek_points.hpp"

#include <algorithm>

namespace record::mp3 {

void SeekPoints::add(std::size_t frame_size) {
  constexpr std::size_t kMost = 400;
  if (frames_ % stride_ == 0) places_.push_back(bytes_);
  ++frames_;
  bytes_ += frame_size;
  if (places_.size() < kMost) return;
  for (std::size_t i = 0; i < kMost / 2; ++i) places_[i] = places_[2 * i];
  places_.resize(kMost / 2);
  stride_ *= 2;
}

std::array<std::uint8_t, 100> SeekPoints::table(std::uint64_t before) const {
  std::array<std::uint8_t, 100> table{};
  for (std::size_t percent = 0; percent < table.size() && !places_.empty(); ++percent) {
    const auto point = static_cast<std::size_t>(percent * frames_ / 100 / stride_);
    const std::uint64_t place = before + places_[std::min(point, places_.size() - 1)];
    table[percent] = static_cast<std::uint8_t>(std::min<std::uint64_t>(256 * place / (before + bytes_), 255));
  }
  return table;
}

}  // namespace record::mp3
