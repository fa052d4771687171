#include "play/tempo.hpp"

#include <array>

namespace play {

Tempo::Tempo(std::uint32_t rate, double speed) : stream_(sonicCreateStream(static_cast<int>(rate), 1)) {
  if (stream_) sonicSetSpeed(stream_.get(), static_cast<float>(speed));
}

std::size_t Tempo::read(Program& program, std::span<std::int16_t> out) {
  if (!stream_) return program.read(out);  // no memory: at the file's own speed
  std::size_t done = 0;
  std::array<std::int16_t, 480> block;
  while (done < out.size()) {
    const int count = sonicReadShortFromStream(stream_.get(), out.data() + done, static_cast<int>(out.size() - done));
    done += static_cast<std::size_t>(count);
    if (count > 0) continue;
    const std::size_t more = program.read(block);
    if (more > 0) {
      sonicWriteShortToStream(stream_.get(), block.data(), static_cast<int>(more));
    } else if (!flushed_) {
      flushed_ = true;
      sonicFlushStream(stream_.get());
    } else {
      break;
    }
  }
  return done;
}

}  // namespace play
