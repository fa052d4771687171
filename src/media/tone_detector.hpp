#pragma once
// Keys that a party sends as tones in its audio, found by spandsp's detector (ITU-T Q.24). A key is told once, some
// time after its end: many gateways let the beginning of a tone through and then send RFC 4733 events for it. Where
// events come, they alone count. Owned by a media worker; feed() and take() never allocate.
//
//   ──tone──┐  gap shorter than kGap: the same press, interrupted
//           └─────────── kHold ──────────▶ told, unless an event has come by then

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "media/timeline.hpp"

struct dtmf_rx_state_s;

namespace media {

class ToneDetector {
 public:
  struct Digit {
    char key = '0';
    std::chrono::milliseconds duration{0};
  };

  ToneDetector();

  // The next frame of what the party sends.
  void feed(std::span<const std::int16_t> frame, std::uint32_t rate);
  // A key that is certain now.
  std::optional<Digit> take();

  // The party says its keys by events.
  void note_event() { events_come_ = true; }
  // Another source may do it otherwise.
  void restart();

 private:
  static constexpr std::chrono::milliseconds kGap{30}, kHold{120};
  struct Free {
    void operator()(dtmf_rx_state_s* detector) const;
  };
  struct Press {
    char key = '0';
    std::int64_t length = 0, since_end = 0;  // samples at 8 kHz
  };

  static void on_tone(void* self, int key, int level, int duration);
  void finish();

  const std::unique_ptr<dtmf_rx_state_s, Free> detector_;
  char sounding_ = 0;           // 0: no tone
  std::optional<Press> press_;  // that ended last, not certain yet
  std::optional<Digit> ready_;
  bool events_come_ = false;
};

}  // namespace media
