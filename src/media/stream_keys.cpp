// Keys of a stream: those of the party, as tones, and those that it is sent.
#include "media/stream.hpp"

namespace media {

void Stream::detect_tones(bool on) {
  tone_watchers_ += on ? 1 : -1;
  if (tone_watchers_ > 0 && !tones_) tones_ = std::make_unique<ToneDetector>();
}

void Stream::find_tones(std::span<const std::int16_t> frame) {
  if (tone_watchers_ <= 0) return;
  tones_->feed(frame, timeline_.rate);
  while (const auto digit = tones_->take()) events_->push_digit({ref_, digit->key, digit->duration});
}

void Stream::send_keys(std::string_view keys, std::chrono::milliseconds duration) {
  if (!configured_ || !can_play()) return;
  if (!keys_) keys_ = std::make_unique<DigitSender>(send_timeline_.rate);
  keys_->add(keys, duration);
  lively_ = true;
}

// True while events take the place of audio.
bool Stream::send_events(base::Time now) {
  if (!keys_ || !keys_->has_keys()) return false;
  // A party that was put on hold meanwhile must not get them when it is taken back.
  if (!can_play()) keys_->clear();
  if (!format_.telephone_event_type) return false;
  Position at = send_timeline_.at(now);
  const auto send_due = [&] {
    while (const auto packet = keys_->event(at, event_clock())) {
      send(sender_.event(*format_.telephone_event_type, packet->event, packet->marker, packet->begin, packet->ticks,
                         event_clock()));
      next_keepalive_ = now + options_.keepalive;
    }
  };
  send_due();
  if (sender_.is_sending()) at = std::max(at, sender_.next());  // an event begins where the audio ends
  sender_.stop();
  const bool goes_on = keys_->advance(at);
  send_due();
  return goes_on;
}

bool Stream::has_tones() const { return keys_ && keys_->has_keys() && !format_.telephone_event_type; }

}  // namespace media
