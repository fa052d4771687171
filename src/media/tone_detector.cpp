#include "media/tone_detector.hpp"

#include <spandsp.h>
#include <utility>

#include "media/dtmf.hpp"

namespace media {
namespace {

constexpr std::int64_t samples(std::chrono::milliseconds time) { return time.count() * kDetectorRate / 1000; }

}  // namespace

void ToneDetector::Free::operator()(dtmf_rx_state_s* detector) const { dtmf_rx_free(detector); }

ToneDetector::ToneDetector() : detector_(dtmf_rx_init(nullptr, nullptr, nullptr)) {
  dtmf_rx_set_realtime_callback(detector_.get(), on_tone, this);
}

// Called where a tone begins, changes or ends (key 0); `duration`: samples since the call before.
void ToneDetector::on_tone(void* self, int key, int /*level*/, int duration) {
  auto& it = *static_cast<ToneDetector*>(self);
  if (it.sounding_ != 0) {
    if (it.press_) {  // the same, interrupted
      it.press_->length += it.press_->since_end + duration;
      it.press_->since_end = 0;
    } else {
      it.press_ = {.key = it.sounding_, .length = duration, .since_end = 0};
    }
  } else if (it.press_) {
    it.press_->since_end = duration;
  }
  it.sounding_ = static_cast<char>(key);
  if (key != 0 && it.press_ && (it.press_->key != it.sounding_ || it.press_->since_end > samples(kGap))) it.finish();
}

void ToneDetector::feed(std::span<const std::int16_t> frame, std::uint32_t rate) {
  std::array<std::int16_t, kMaxFrame> narrow;
  const std::size_t count = to_detector_rate(frame, rate, narrow);
  if (press_ && sounding_ == 0) press_->since_end += static_cast<std::int64_t>(count);
  dtmf_rx(detector_.get(), narrow.data(), static_cast<int>(count));
  if (press_ && sounding_ == 0 && press_->since_end >= samples(kHold)) finish();
}

void ToneDetector::finish() {
  const auto press = std::exchange(press_, std::nullopt);
  if (!press || events_come_) return;
  ready_ = {press->key, std::chrono::milliseconds(press->length * 1000 / kDetectorRate)};
}

std::optional<ToneDetector::Digit> ToneDetector::take() { return std::exchange(ready_, std::nullopt); }

void ToneDetector::restart() {
  press_.reset();
  ready_.reset();
  sounding_ = 0;
  events_come_ = false;
}

}  // namespace media
