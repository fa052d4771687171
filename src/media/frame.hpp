#pragma once
// What a stream hands its taps at each 20 ms of its timeline: both directions of the same moment, and where the audio
// is from. Views into the stream; valid during the call.

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>

#include "media/timeline.hpp"
#include "record/kind.hpp"

namespace media {

inline constexpr std::size_t kMaxFrame = 960;  // samples: 20 ms at 48 kHz

using record::Kind;

// What the parts of a frame are, in order.
class Origins {
 public:
  void clear() { count_ = 0; }
  // The next `samples` are of this kind. Past kPieces changes the rest counts as the last kind.
  void add(Kind kind, std::size_t samples) {
    if (samples == 0) return;
    const std::size_t begin = count_ > 0 ? pieces_[count_ - 1].end : 0;
    if (count_ > 0 && (pieces_[count_ - 1].kind == kind || count_ == kPieces)) {
      pieces_[count_ - 1].end += samples;
    } else {
      pieces_[count_++] = {kind, begin + samples};
    }
  }
  // What write() gave, back again.
  void read(std::span<const Kind> kinds) {
    clear();
    for (auto run = kinds.begin(); run != kinds.end();) {
      const auto end = std::find_if(run, kinds.end(), [&](Kind kind) { return kind != *run; });
      add(*run, static_cast<std::size_t>(end - run));
      run = end;
    }
  }
  // The kind of each sample; past the last piece everything is received.
  void write(std::span<Kind> out) const {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < count_ && begin < out.size(); ++i) {
      const std::size_t end = std::min(pieces_[i].end, out.size());
      std::fill(out.begin() + static_cast<std::ptrdiff_t>(begin), out.begin() + static_cast<std::ptrdiff_t>(end),
                pieces_[i].kind);
      begin = end;
    }
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), Kind::received);
  }
  struct Piece {
    Kind kind = Kind::received;
    std::size_t end = 0;  // behind its last sample
  };
  // The piece that this sample lies in; past the last one everything is received.
  Piece at(std::size_t sample) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (sample < pieces_[i].end) return pieces_[i];
    }
    return {Kind::received, std::numeric_limits<std::size_t>::max()};
  }
  // How many of the samples [from, to) are of this kind.
  std::size_t count(Kind kind, std::size_t from, std::size_t to) const {
    std::size_t begin = 0, found = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const std::size_t low = std::max(begin, from), high = std::min(pieces_[i].end, to);
      if (pieces_[i].kind == kind && high > low) found += high - low;
      begin = pieces_[i].end;
    }
    return found;
  }

 private:
  static constexpr std::size_t kPieces = 16;
  std::array<Piece, kPieces> pieces_{};
  std::size_t count_ = 0;
};

struct PacketCounts {
  std::uint32_t received = 0, lost = 0, late = 0, duplicate = 0;
  std::uint32_t late_samples = 0, duplicate_samples = 0;  // how long those were
};

// At the stream's rate; when that rises the taps are told between two frames (Tap::change_rate).
struct Frame {
  Position position = 0;
  std::span<const std::int16_t> send;  // what the party sent
  std::span<const std::int16_t> recv;  // what the party heard at the same time, without beeps
  const Origins* origins = nullptr;    // of send
  PacketCounts packets;                // since the frame before
  // A silence that ended with this frame was loss after all: nothing told so while it was played out. Samples before
  // this frame; 0: none.
  Position lost_before = 0;
  bool adjusted = false;  // resampled, to follow the sender's clock
  // send is G.711 µ-law: its negative zero (0x7f) stands as -1, so that a µ-law file can be exact to the bit.
  bool is_mulaw = false;
};

// Who else takes a stream's frames, beside its own taps.
class FrameSink {
 public:
  virtual void take(const Frame& frame) = 0;

 protected:
  ~FrameSink() = default;
};

}  // namespace media
