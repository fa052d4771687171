#include "media/digit_sender.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "media/dtmf.hpp"

namespace media {
namespace {

constexpr int kEnds = 3;                    // RFC 4733 §2.5.1.4
constexpr std::uint32_t kSegment = 0xffff;  // §2.5.1.3: what a duration can say
constexpr std::uint8_t kVolume = 10;        // -dBm0
constexpr double kAmplitude = 7900;         // of each tone: -9 dBm0
constexpr std::chrono::milliseconds kEdge{4};
constexpr std::string_view kEvents = "0123456789*#ABCD";  // §3.2

}  // namespace

void DigitSender::add(std::string_view keys, std::chrono::milliseconds duration) {
  const auto length = std::clamp(duration, kShortest, kLongest);
  for (const char key : keys) {
    if (count_ == kMostKeys || kEvents.find(key) == std::string_view::npos) continue;
    keys_[(first_ + count_++) % kMostKeys] = {key, static_cast<std::uint16_t>(length.count())};
  }
}

void DigitSender::change_rate(std::uint32_t rate) {
  if (begin_) begin_ = scaled(*begin_, rate_, rate);
  free_from_ = scaled(free_from_, rate_, rate);
  rate_ = rate;
}

void DigitSender::clear() {
  count_ = 0;
  begin_.reset();
}

bool DigitSender::advance(Position at) {
  while (count_ > 0) {
    if (!begin_) {
      begin_ = std::max(at, free_from_);
      sent_ = ends_ = 0;
    }
    const Position next = *begin_ + length() + samples(kGap);
    if (at < next) return true;
    free_from_ = next;
    begin_.reset();
    first_ = (first_ + 1) % kMostKeys;
    --count_;
  }
  return false;
}

std::optional<DigitSender::Packet> DigitSender::event(Position at, std::uint32_t clock) {
  if (!begin_ || count_ == 0 || ends_ == kEnds) return std::nullopt;
  // The n-th packet comes at the end of the n-th 20 ms, the last of them at the event's end.
  const Position step = samples(kTick);
  const Position whole = length();
  const Position lasted = std::min((sent_ + 1 - ends_) * step, whole);
  const bool is_end = lasted == whole;
  if (at < *begin_ + lasted + ends_ * step) return std::nullopt;
  const auto ticks = static_cast<std::uint32_t>(scaled(lasted, rate_, clock));
  const std::uint32_t before = (ticks - 1) / kSegment * kSegment;
  Packet packet;
  packet.event = {.event = static_cast<std::uint8_t>(kEvents.find(current().key)),
                  .end = is_end,
                  .volume = kVolume,
                  .duration = static_cast<std::uint16_t>(ticks - before)};
  packet.marker = sent_ == 0;
  packet.begin = *begin_;
  packet.ticks = before;
  ++sent_;
  if (is_end) ++ends_;
  return packet;
}

void DigitSender::render(Position at, std::span<std::int16_t> out) {
  for (std::int16_t& sample : out) {
    sample = 0;
    const bool busy = advance(at);
    const Position in = at++ - begin_.value_or(0);
    if (!busy || in < 0 || in >= length()) continue;
    const auto tones = tones_of(current().key);
    if (!tones) continue;
    const double seconds = static_cast<double>(in) / rate_;
    const auto edge = static_cast<double>(samples(kEdge));
    const double loud = std::min({1.0, static_cast<double>(in) / edge, static_cast<double>(length() - in) / edge});
    const double sum =
        std::sin(2 * std::numbers::pi * tones->low * seconds) + std::sin(2 * std::numbers::pi * tones->high * seconds);
    sample = static_cast<std::int16_t>(std::lround(kAmplitude * loud * sum));
  }
}

}  // namespace media
