// The live side of a stream: what others hear of it, and what it hears of them.
#include <algorithm>

#include "media/stream.hpp"

namespace media {
namespace {

// A recording may be behind by this much more than it waits for late packets, as after a stall.
constexpr base::milliseconds kKept{2000};
// A sender that is this far behind leaves the rest out.
constexpr base::milliseconds kMaxBehind{200};

}  // namespace

void Stream::set_joined(bool is_heard, bool hears) {
  is_heard_ = is_heard;
  hears_ = hears;
  prepare_live();
}

void Stream::watch_voice(bool on) {
  voice_watchers_ += on ? 1 : -1;
  prepare_live();
}

void Stream::add_output(OutputId id, play::Feed& feed) {
  outputs_.add(id, feed, timeline_.rate);
  prepare_live();
}

void Stream::attach(FrameSink& sink) {
  if (configured_ && !is_recorded()) playout_->take_counts();  // of the time before
  sinks_.push_back(&sink);
}

void Stream::mute(bool muted, base::Time issued) { mutes_.set(muted, configured_ ? timeline_.at(issued) : 0); }

void Stream::set_events(EventQueue& events) {
  events_ = &events;
  taps_.set_events(events);
  outputs_.set_events(events);
}

// What the live side needs is there, at the rates of now; all that allocates does so here.
void Stream::prepare_live() {
  if (!configured_) return;
  outputs_.change_rate(timeline_.rate);
  const std::uint32_t rate = timeline_.rate;
  if (!is_heard_ && voice_watchers_ <= 0) {
    live_.reset();
    speech_.reset();
    stats_.live_depth = 0;
    spoken_size_ = 0;
  } else {
    if (!live_) {
      spoken_.resize(kMaxFrame);
      live_ = std::make_unique<Live>(rate, warp_->media_position(warp_->cursor()));
      for (const PayloadFormat& one : known_) live_->set_decoder(one.payload_type, *one.codec, one.fmtp);
    }
    if (!speech_) speech_.emplace(rate);
  }
  if (!ear_ && (hears_ || !outputs_.is_empty())) {
    ear_ = std::make_unique<Ear>(rate, send_timeline_.rate);
  } else if (ear_) {
    ear_->change_rate(rate, send_timeline_.rate);
  }
  if (!ear_) return;
  if (taps_.is_empty()) {
    ear_->keep({});
  } else {
    ear_->keep(options_.record_depth + kKept);
  }
}

void Stream::begin_beat(Beat beat) {
  if (!configured_) return;
  const Position begin = timeline_.at(beat.begin());
  const auto size = std::min(static_cast<std::size_t>(timeline_.at(beat.end()) - begin), kMaxFrame);
  if (is_listening()) ear_->sum().clear(size);
  if (!live_) return;
  spoken_size_ = size;
  const std::span<std::int16_t> spoken(spoken_.data(), size);
  live_->render(spoken, warp_->media_position(begin), drift_->correction());
  stats_.live_concealed += static_cast<std::uint64_t>(live_->take_concealed().count());
  stats_.live_depth = static_cast<std::uint64_t>(std::max<std::int64_t>(live_->depth().count(), 0));
  if (mutes_.is_held()) std::fill(spoken.begin(), spoken.end(), std::int16_t{0});
  const auto change = speech_->feed(spoken);
  if (change && voice_watchers_ > 0) events_->push(Voice{ref_, *change});
}

void Stream::end_beat(Beat beat) {
  if (!configured_ || !is_listening()) return;
  outputs_.play(beat, ear_->sum());
  if (!can_hear()) return;
  const Position send_at = send_timeline_.at(beat.begin());
  ear_->finish(timeline_.at(beat.begin()), send_at, static_cast<std::size_t>(send_timeline_.at(beat.end()) - send_at));
  if (!sends_event_) send_heard(beat.begin());
}

void Stream::send_heard(base::Time now) {
  const Position end = ear_->outgoing().end();
  if (sender_.is_sending() && end - sender_.next() > send_timeline_.samples(kMaxBehind)) sender_.stop();
  if (!sender_.is_sending()) sender_.begin(send_timeline_.at(now));
  while (sender_.next() + sender_.length() <= end) {
    const auto packet =
        sender_.poll(sender_.next(), [&](Position at, std::span<std::int16_t> out) { render_sent(at, out); });
    if (packet.empty()) return;
    send(packet);
    next_keepalive_ = now + options_.keepalive;
  }
}

// What the party hears, and beeps; or keys in place of it.
void Stream::render_sent(Position at, std::span<std::int16_t> out) const {
  player_->render(at, out);
  if (has_tones()) return keys_->render(at, out);
  if (!ear_) return;
  std::array<std::int16_t, 2 * kMaxFrame + kMaxFrame> heard;  // 60 ms
  const std::span<std::int16_t> part(heard.data(), out.size());
  ear_->outgoing().read(at, part);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::int16_t>(std::clamp(out[i] + part[i], -32768, 32767));
  }
}

}  // namespace media
