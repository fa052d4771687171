#include "media/ear.hpp"

namespace media {

void Ear::change_rate(std::uint32_t rate, std::uint32_t send_rate) {
  heard_.change_rate(rate);
  down_.configure(rate, send_rate);
  outgoing_.reset();
  if (rate != send_rate) outgoing_.emplace(send_rate, kUnsent);
}

void Ear::finish(Position at, Position send_at, std::size_t send_samples) {
  const std::span<std::int16_t> frame(frame_.data(), sum_.size());
  limiter_.follow(sum_);
  limiter_.apply(sum_, {}, frame);
  heard_.write(at, frame);
  if (!outgoing_) return;
  const std::span<std::int16_t> narrow(narrow_.data(), send_samples);
  down_.process(frame, narrow);
  outgoing_->write(send_at, narrow);
}

}  // namespace media
