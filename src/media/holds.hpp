#pragma once
// When the call was on hold, or the party muted, for as long as it is not played out yet: what is silent, or is to be
// silent, then is `held`. Owned by a stream.

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

#include "media/frame.hpp"

namespace media {

class Holds {
 public:
  // From `at` on. Allocates.
  void set(bool held, Position at) {
    if (held == is_held()) return;
    if (held) {
      holds_.push_back({at, kOpen});
    } else {
      holds_.back().end = at;
    }
  }
  bool is_held() const { return !holds_.empty() && holds_.back().end == kOpen; }

  // A frame at `position`; frames come in order.
  void label(Position position, std::span<Kind> kinds) {
    each(position, kinds.size(), [&](std::size_t i) {
      Kind& kind = kinds[i];
      if (kind == Kind::silent || kind == Kind::lost || kind == Kind::noise) kind = Kind::held;
    });
  }
  void silence(Position position, std::span<Kind> kinds, std::span<std::int16_t> audio) {
    each(position, kinds.size(), [&](std::size_t i) {
      kinds[i] = Kind::held;
      audio[i] = 0;
    });
  }
  void change_rate(std::uint32_t from, std::uint32_t to) {
    for (Hold& hold : holds_) {
      hold.begin = scaled(hold.begin, from, to);
      if (hold.end != kOpen) hold.end = scaled(hold.end, from, to);
    }
  }

 private:
  template <class Visit>
  void each(Position position, std::size_t count, Visit&& visit) {
    while (first_ < holds_.size() && holds_[first_].end <= position) ++first_;
    const Position end = position + static_cast<Position>(count);
    for (std::size_t i = first_; i < holds_.size(); ++i) {
      for (Position at = std::max(holds_[i].begin, position); at < std::min(holds_[i].end, end); ++at) {
        visit(static_cast<std::size_t>(at - position));
      }
    }
  }

  static constexpr Position kOpen = std::numeric_limits<Position>::max();
  struct Hold {
    Position begin = 0, end = kOpen;
  };
  std::vector<Hold> holds_;
  std::size_t first_ = 0;
};

}  // namespace media
