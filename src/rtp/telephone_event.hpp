#pragma once
// DTMF as RTP events (RFC 4733 §2): the payload, and the digits that a stream of such packets spells. Each event is
// told once, at its end: at the first packet with the end bit or, if all of those were lost, when the next event begins
// or nothing has come for a while. Owned by a media worker; never allocates.

#include <cstdint>
#include <optional>
#include <span>

#include "base/clock.hpp"

namespace rtp {

inline constexpr std::size_t kTelephoneEventSize = 4;

struct TelephoneEvent {
  std::uint8_t event = 0;  // 0-9, 10 *, 11 #, 12-15 A-D; others are not digits
  bool end = false;
  std::uint8_t volume = 0;     // -dBm0
  std::uint16_t duration = 0;  // RTP clock

  static std::optional<TelephoneEvent> parse(std::span<const std::uint8_t> payload);
  void write(std::span<std::uint8_t, kTelephoneEventSize> payload) const;
  // The key, or nothing if the event is none.
  std::optional<char> digit() const;
};

class DigitDetector {
 public:
  struct Digit {
    char key = '0';
    std::uint32_t duration = 0;  // RTP clock
  };

  // At most two: an unended one that this packet ends by being another, and this one.
  struct Digits {
    std::optional<Digit> first, second;
  };
  Digits receive(const TelephoneEvent& event, std::uint32_t timestamp, base::Time now);
  // The digit whose end packets were all lost.
  std::optional<Digit> tick(base::Time now);

 private:
  std::optional<Digit> finish();

  struct Current {
    std::uint32_t timestamp = 0;
    char key = '0';
    std::uint32_t before = 0;  // of the segments before this one
    std::uint32_t duration = 0;
    base::Time last{};
  };
  std::optional<Current> current_;
  std::optional<std::uint32_t> told_;  // timestamp of the event told last
};

}  // namespace rtp
