#pragma once
// Keys sent to a party, one after the other with a gap between: as RFC 4733 events, which the stream's own RTP source
// carries, or as tones in the audio where events were not agreed on. Positions are on the timeline of what the stream
// sends. Owned by a media worker; only add() may take its time.
//
//   begin      20 ms     40 ms          end   +20   +40            begin of the next
//     ├── tone ──┼─────────┼──── … ──────┼─────┼─────┼─── gap ────────┤
//              event:M   event          event:E ×3, all with the timestamp of `begin`

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "media/timeline.hpp"
#include "rtp/telephone_event.hpp"

namespace media {

class DigitSender {
 public:
  static constexpr std::chrono::milliseconds kShortest{40}, kLongest{10'000}, kGap{80};
  static constexpr std::size_t kMostKeys = 256;

  // One packet of an event.
  struct Packet {
    rtp::TelephoneEvent event;
    bool marker = false;
    Position begin = 0;       // of the event
    std::uint32_t ticks = 0;  // of the event's clock; behind `begin`, where this segment of it begins
  };

  explicit DigitSender(std::uint32_t rate) : rate_(rate) {}

  // Other characters than keys, and what is more than kMostKeys, are left out.
  void add(std::string_view keys, std::chrono::milliseconds duration);
  // Another rate of the timeline; what is under way keeps its place in time.
  void change_rate(std::uint32_t rate);

  bool has_keys() const { return count_ > 0; }
  void clear();

  // Up to here time has passed: takes up the next key when it is its turn. True while there is anything to send.
  bool advance(Position at);

  // The packet that is due at `at`, if any; `clock`: Hz, of the durations. To be asked until there is none.
  std::optional<Packet> event(Position at, std::uint32_t clock);
  // Tones, and silence between them, in place of whatever was in `out`.
  void render(Position at, std::span<std::int16_t> out);

 private:
  struct Key {
    char key = '0';
    std::uint16_t length = 0;  // ms
  };

  Position samples(std::chrono::milliseconds time) const { return time.count() * rate_ / 1000; }
  const Key& current() const { return keys_[first_]; }
  Position length() const { return samples(std::chrono::milliseconds(current().length)); }

  std::uint32_t rate_;
  std::array<Key, kMostKeys> keys_{};
  std::size_t first_ = 0, count_ = 0;
  std::optional<Position> begin_;  // of the current key
  Position free_from_ = 0;         // the next key does not begin before
  int sent_ = 0, ends_ = 0;        // packets of the current key; of those with the end bit
};

}  // namespace media
