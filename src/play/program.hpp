#pragma once
// What is played once through: audio files, one behind the other, without a gap. Owned by one thread.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "play/audio_file.hpp"

namespace play {

class Program {
 public:
  explicit Program(std::uint32_t rate) : rate_(rate) {}

  void add(std::unique_ptr<AudioFile> file);
  std::uint32_t rate() const { return rate_; }
  std::size_t size() const { return files_.size(); }
  std::uint64_t length() const { return length_; }  // samples
  // The next samples; fewer than asked for, and then none, only at the end.
  std::size_t read(std::span<std::int16_t> out);
  void seek(std::uint64_t sample);  // beyond length(): to the end

 private:
  std::uint32_t rate_;
  std::vector<std::unique_ptr<AudioFile>> files_;
  std::uint64_t length_ = 0;
  std::size_t current_ = 0;
};

}  // namespace play
