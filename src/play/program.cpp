#include "play/program.hpp"

namespace play {

void Program::add(std::unique_ptr<AudioFile> file) {
  length_ += file->length();
  files_.push_back(std::move(file));
}

std::size_t Program::read(std::span<std::int16_t> out) {
  std::size_t done = 0;
  while (done < out.size() && current_ < files_.size()) {
    const std::size_t count = files_[current_]->read(out.subspan(done));
    done += count;
    if (done == out.size()) break;
    if (++current_ < files_.size()) files_[current_]->seek(0);
  }
  return done;
}

void Program::seek(std::uint64_t sample) {
  for (current_ = 0; current_ < files_.size(); ++current_) {
    const std::uint64_t length = files_[current_]->length();
    if (sample < length) return files_[current_]->seek(sample);
    sample -= length;
  }
}

}  // namespace play
