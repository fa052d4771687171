#include "rtp/telephone_event.hpp"

#include <algorithm>

#include "rtp/bytes.hpp"

namespace rtp {
namespace {

// §2.5.1.2 sends updates every 50 ms; three of those missing is an end.
constexpr base::milliseconds kSilence{200};
// §2.5.1.3: an event that lasts longer goes on as one that begins where this one's duration ends.
constexpr std::uint32_t kLongest = 0xffff;

}  // namespace

std::optional<TelephoneEvent> TelephoneEvent::parse(std::span<const std::uint8_t> payload) {
  if (payload.size() < kTelephoneEventSize) return std::nullopt;
  return TelephoneEvent{.event = payload[0],
                        .end = (payload[1] & 0x80) != 0,
                        .volume = static_cast<std::uint8_t>(payload[1] & 0x3f),
                        .duration = read16(&payload[2])};
}

void TelephoneEvent::write(std::span<std::uint8_t, kTelephoneEventSize> payload) const {
  payload[0] = event;
  payload[1] = static_cast<std::uint8_t>((end ? 0x80 : 0) | (volume & 0x3f));
  write16(&payload[2], duration);
}

std::optional<char> TelephoneEvent::digit() const {
  static constexpr char kKeys[] = "0123456789*#ABCD";
  if (event > 15) return std::nullopt;
  return kKeys[event];
}

DigitDetector::Digits DigitDetector::receive(const TelephoneEvent& event, std::uint32_t timestamp, base::Time now) {
  Digits digits;
  const auto key = event.digit();
  if (!key) return digits;
  // Repeats of the end, and reordered packets of events before the one told last.
  if (told_ && static_cast<std::int32_t>(timestamp - *told_) <= 0) {
    if (static_cast<std::int32_t>(*told_ - timestamp) < 8000 * 60) return digits;
    told_.reset();  // the peer's timestamps jumped
  }
  if (current_ && current_->timestamp != timestamp) {
    if (static_cast<std::int32_t>(timestamp - current_->timestamp) < 0) return digits;
    if (current_->key == *key && timestamp - current_->timestamp == kLongest) {
      current_->timestamp = timestamp;
      current_->before += kLongest;
      current_->duration = 0;
    } else {
      digits.first = finish();
    }
  }
  if (!current_) current_ = Current{.timestamp = timestamp, .key = *key};
  current_->duration = std::max<std::uint32_t>(current_->duration, event.duration);
  current_->last = now;
  if (event.end) digits.second = finish();
  return digits;
}

std::optional<DigitDetector::Digit> DigitDetector::tick(base::Time now) {
  if (!current_ || now - current_->last < kSilence) return std::nullopt;
  return finish();
}

std::optional<DigitDetector::Digit> DigitDetector::finish() {
  const Digit digit{current_->key, current_->before + current_->duration};
  told_ = current_->timestamp;
  current_.reset();
  return digit;
}

}  // namespace rtp
