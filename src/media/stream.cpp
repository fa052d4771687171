#include "media/stream.hpp"

#include <algorithm>
#include <utility>

namespace media {
namespace {

constexpr std::uint8_t kComfortNoise = 13;  // RFC 3389
constexpr base::milliseconds kSourceChange{1000};
// A sender that is this far behind, as after a stall, leaves the rest out.
constexpr base::milliseconds kMaxBehind{200};

}  // namespace

Stream::Stream(EndpointRef ref, Options options, rtp::NtpClock ntp, Transport& transport, EventQueue& events)
    : ref_(ref),
      options_(options),
      transport_(transport),
      events_(&events),
      rtcp_(sender_.ssrc(), ntp),
      taps_(ref, *this, timeline_, events),
      outputs_(ref, events) {}

Stream::~Stream() = default;

// ---- commands ----

void Stream::configure(const Format& format, base::Time issued) {
  if (format.codec == nullptr) return;
  const bool waited_before = configured_ && (format_.held || !format_.may_receive);
  format_ = format;
  if (!configured_) begin(format, issued);
  if (waited_before) last_received_ = std::max(last_received_, issued);
  take_formats(format);
  holds_.set(format.held || !format.may_receive, timeline_.at(issued));
  keepalive_type_ = 127;
  while (is_negotiated(keepalive_type_) && keepalive_type_ > 96) --keepalive_type_;

  rtp_lock_.configure(format.remote_rtp, format.relearn_source);
  rtcp_lock_.configure(format.rtcp_mux ? format.remote_rtp : format.remote_rtcp, format.relearn_source);
  rtcp_.start(issued, options_.idle == Idle::keepalive && rtcp_target().is_set());
  next_keepalive_ = issued;

  prepare_live();
  taps_.begin(issued);
  lively_ = true;  // one tick at once: the keepalive opens the way
}

void Stream::begin(const Format& format, base::Time issued) {
  configured_ = true;
  timeline_ = {.start = issued, .rate = format.codec->sample_rate(format.fmtp)};
  depth_ = timeline_.samples(options_.record_depth);
  playout_ = std::make_unique<Playout>(timeline_.rate, options_.record_depth);
  warp_ = std::make_unique<Warp>(*playout_);
  drift_ = std::make_unique<Drift>(timeline_.rate);
  if (options_.silence_digits) digit_gate_ = std::make_unique<DigitGate>(timeline_.rate);
  send_timeline_ = timeline_;
  player_ = std::make_unique<Player>(send_timeline_);
  last_received_ = issued;
}

// Formats that were agreed on before stay good: a party goes on with them until it has our answer.
void Stream::take_formats(const Format& format) {
  wanted_rate_ = std::max(timeline_.rate, format.codec->sample_rate(format.fmtp));
  adapt();
  const auto set = [&](std::uint8_t type, const codec::Codec& codec, const std::string& fmtp) {
    playout_->set_decoder(type, codec, fmtp);
    if (live_) live_->set_decoder(type, codec, fmtp);
    std::erase_if(known_, [&](const PayloadFormat& one) { return one.payload_type == type; });
    known_.push_back({type, &codec, fmtp});
    audio_types_[type & 127U] = true;
  };
  for (const PayloadFormat& one : format.also) {
    if (one.codec != nullptr) set(one.payload_type, *one.codec, one.fmtp);
  }
  set(format.payload_type, *format.codec, format.fmtp);
  for (const auto& type : {format.telephone_event_type, format.comfort_noise_type}) {
    if (type) audio_types_[*type & 127U] = false;
  }
  source_.set_clock(format.codec->rtp_clock());

  const std::uint32_t send_rate = format.codec->sample_rate(format.fmtp);
  const base::Time now = timeline_.time(warp_->cursor());
  if (send_rate != send_timeline_.rate) {
    send_timeline_.rate = send_rate;
    player_->change_rate(send_timeline_);
    if (keys_) keys_->change_rate(send_rate);
    if (ear_) ear_->change_rate(timeline_.rate, send_rate);
  }
  sender_.configure(*format.codec, format.fmtp, format.payload_type, format.ptime, send_timeline_,
                    send_timeline_.at(now));
}

// Between two frames: all that has a position moves to where it is at the new rate.
void Stream::change_rate(std::uint32_t rate) {
  FrameBuffer frame;
  while (digit_gate_ && digit_gate_->drain(frame)) feed(frame);
  const std::uint32_t from = std::exchange(timeline_.rate, rate);
  depth_ = timeline_.samples(options_.record_depth);
  playout_->change_rate(rate);
  warp_->change_rate(from, rate);
  drift_->change_rate(rate);
  holds_.change_rate(from, rate);
  mutes_.change_rate(from, rate);
  if (digit_gate_) digit_gate_ = std::make_unique<DigitGate>(rate);
  if (live_) live_->change_rate(rate);
  speech_.reset();
  prepare_live();
  taps_.change_rate(rate);
}

void Stream::add_tap(TapId id, TapOptions options, base::Time issued) {
  if (configured_ && !is_recorded()) playout_->take_counts();  // of the time before
  taps_.add(id, std::move(options), issued, recorded_until());
  prepare_live();
}

void Stream::finish(base::Time issued) {
  outputs_.remove_all();
  if (configured_ && is_recorded()) {
    const Position now = timeline_.at(issued);
    // What has arrived ahead of its time is heard too.
    const Position ahead = playout_->received_end() - warp_->media_position(now);
    const Position end = now + std::clamp<Position>(ahead, 0, depth_);
    advance(end);
    taps_.stop_all(end);
    // The frame that the end falls into, and those that are on their way through the gate.
    constexpr int kMostFrames = 6;
    for (int i = 0; i < kMostFrames && is_recorded(); ++i) advance_frame();
  }
  taps_.end_all();
  sinks_.clear();
  if (stats_.sent > 0 || stats_.rtcp_sent > 0) send_report(issued, true);
}

// ---- what comes in ----

Stream::PayloadKind Stream::kind_of(std::uint8_t payload_type) const {
  if (payload_type == format_.telephone_event_type) return PayloadKind::event;
  if (payload_type == format_.comfort_noise_type) return PayloadKind::noise;
  if (audio_types_[payload_type & 127U]) return PayloadKind::audio;
  return payload_type == kComfortNoise ? PayloadKind::noise : PayloadKind::unknown;  // agreed on or not
}

bool Stream::is_negotiated(std::uint8_t payload_type) const { return kind_of(payload_type) != PayloadKind::unknown; }

// After a change of source, what the old one sent before may still be on its way.
bool Stream::is_repeat_of_previous_source(std::uint32_t ssrc, base::Time arrival) const {
  return previous_ssrc_ == ssrc && arrival - source_changed_ < kSourceChange;
}

void Stream::receive_rtp(std::span<const std::uint8_t> datagram, const net::Address& from, base::Time arrival) {
  if (!configured_) return;
  if (format_.rtcp_mux && rtp::is_rtcp(datagram)) return receive_rtcp(datagram, from, arrival);
  const auto packet = rtp::Packet::parse(datagram);
  if (!packet) {
    ++stats_.malformed;
    return;
  }
  if (!rtp_lock_.accepts(from)) {
    ++stats_.foreign;
    return;
  }
  const PayloadKind kind = kind_of(packet->payload_type);
  if (kind == PayloadKind::unknown) {
    // The peer's own keepalive, or a codec nobody agreed on: it is there, but says nothing.
    if (rtp_lock_.is_locked()) last_received_ = arrival;
    ++stats_.malformed;
    return;
  }
  if (source_.has_begun() && packet->ssrc != source_.ssrc()) {
    if (is_repeat_of_previous_source(packet->ssrc, arrival)) {
      ++stats_.foreign;
      return;
    }
    previous_ssrc_ = source_.ssrc();
    source_changed_ = arrival;
    if (tones_) tones_->restart();
  }
  if (kind != PayloadKind::noise) rtp_lock_.lock(from);
  last_received_ = arrival;
  silence_told_ = false;
  // What comes although our side is not to receive is dropped; it was not lost, though.
  const bool dropped = !format_.may_receive;
  if (kind == PayloadKind::audio && !dropped)
    wanted_rate_ = std::max(wanted_rate_, playout_->rate_of(packet->payload_type));

  // Time passes up to the arrival first: a burst read at once is treated as it came.
  const Position position = timeline_.at(arrival);
  advance(position - depth_);
  const std::int64_t ticks = scaled(position, timeline_.rate, format_.codec->rtp_clock());
  const auto verdict = source_.receive(*packet, ticks, kind == PayloadKind::audio);
  ++stats_.received;
  if (verdict == rtp::SourceStatistics::Verdict::suspect) return;
  if (kind == PayloadKind::event && !dropped) receive_event(*packet, arrival);
  using Content = Playout::Arrival::Content;
  const Content content = dropped                      ? Content::other
                          : kind == PayloadKind::audio ? Content::audio
                          : kind == PayloadKind::noise ? Content::noise
                                                       : Content::other;
  const Playout::Arrival packet_arrived{.sequence = source_.sequence(),
                                        .newest = verdict != rtp::SourceStatistics::Verdict::older,
                                        .new_source = verdict == rtp::SourceStatistics::Verdict::restart,
                                        .marker = packet->marker,
                                        .timestamp = packet->timestamp,
                                        .payload_type = packet->payload_type,
                                        .content = content,
                                        .payload = packet->payload,
                                        .position = warp_->media_position(position)};
  if (live_) live_->insert(packet_arrived);
  const auto placed = playout_->insert(packet_arrived);
  if (placed == Playout::Verdict::late) ++stats_.late;
  if (placed == Playout::Verdict::duplicate) ++stats_.duplicate;
  if (placed == Playout::Verdict::malformed) ++stats_.malformed;
  stats_.resyncs = playout_->resyncs();
  if (std::exchange(drift_epoch_, stats_.resyncs) != stats_.resyncs) drift_->restart();
  if (const auto lateness = playout_->lateness()) drift_->observe(*lateness, position, playout_->newest_duration());
}

void Stream::receive_event(const rtp::Packet& packet, base::Time arrival) {
  const auto event = rtp::TelephoneEvent::parse(packet.payload);
  if (!event) {
    ++stats_.malformed;
    return;
  }
  if (digit_gate_ && event->digit()) {
    // Begins as long before this packet as the event has lasted; the first packet says where.
    const Position length = scaled(event->duration, event_clock(), timeline_.rate);
    const Position margin = timeline_.frame();
    if (!event_ || event_->timestamp != packet.timestamp) event_ = {packet.timestamp, timeline_.at(arrival) - length};
    digit_gate_->silence(*event->digit(), event_->begin - margin, event_->begin + length + margin);
  }
  if (tones_ && event->digit()) tones_->note_event();
  const auto [first, second] = digits_.receive(*event, packet.timestamp, arrival);
  if (first) push_digit(*first);
  if (second) push_digit(*second);
}

void Stream::push_digit(const rtp::DigitDetector::Digit& digit) {
  const auto length = static_cast<std::uint64_t>(digit.duration) * 1000 / event_clock();
  events_->push_digit({ref_, digit.key, std::chrono::milliseconds(length)});
}

void Stream::receive_rtcp(std::span<const std::uint8_t> datagram, const net::Address& from, base::Time arrival) {
  if (!configured_) return;
  const auto compound = rtp::Compound::parse(datagram);
  if (!compound) {
    ++stats_.malformed;
    return;
  }
  SourceLock& lock = format_.rtcp_mux ? rtp_lock_ : rtcp_lock_;
  if (!lock.accepts(from)) {
    ++stats_.foreign;
    return;
  }
  if (!format_.rtcp_mux) lock.lock(from);
  last_received_ = arrival;
  silence_told_ = false;
  ++stats_.rtcp_received;
  rtcp_.receive(*compound, arrival);
}

// ---- the timeline ----

void Stream::advance(Position until) {
  const Position frame = timeline_.frame();
  if (!is_recorded()) {
    skip(until);
  } else {
    while (is_recorded() && warp_->cursor() + frame <= until) advance_frame();
  }
  stats_.lost = playout_->lost();
}

// Nobody listens: as far as may be at once.
void Stream::skip(Position until) {
  const Position frame = timeline_.frame();
  if (warp_->cursor() + frame > until) return;
  const Position count = (until - warp_->cursor()) / frame * frame;
  warp_->skip(static_cast<std::size_t>(count), drift_->correction());
  if (digit_gate_) digit_gate_->restart();
}

void Stream::advance_frame() {
  FrameBuffer frame;
  std::array<Kind, kMaxFrame> kinds;
  frame.position = warp_->cursor();
  frame.size = static_cast<std::size_t>(timeline_.frame());
  warp_->render({frame.send.data(), frame.size}, {kinds.data(), frame.size}, drift_->correction());
  frame.adjusted = drift_->correction() != 0;
  if (frame.adjusted) stats_.adjusted += static_cast<std::uint64_t>(kTick.count());
  find_tones({frame.send.data(), frame.size});
  holds_.label(frame.position, {kinds.data(), frame.size});
  mutes_.silence(frame.position, {kinds.data(), frame.size}, {frame.send.data(), frame.size});
  frame.origins.read({kinds.data(), frame.size});
  frame.packets = playout_->take_counts();
  frame.lost_before = warp_->take_lost_before();
  frame.is_mulaw = playout_->is_mulaw();
  if (!digit_gate_ || digit_gate_->pass(frame)) feed(frame);
}

void Stream::feed(const FrameBuffer& buffer) {
  static constexpr std::array<std::int16_t, kMaxFrame> kSilence{};
  std::array<std::int16_t, kMaxFrame> heard;
  std::span<const std::int16_t> recv(kSilence.data(), buffer.size);
  if (ear_ && !taps_.is_empty()) {  // a conference that is recorded takes what is sent only
    ear_->read_heard(buffer.position, {heard.data(), buffer.size});
    recv = {heard.data(), buffer.size};
  }
  const Frame frame{.position = buffer.position,
                    .send = {buffer.send.data(), buffer.size},
                    .recv = recv,
                    .origins = &buffer.origins,
                    .packets = buffer.packets,
                    .lost_before = buffer.lost_before,
                    .adjusted = buffer.adjusted,
                    .is_mulaw = buffer.is_mulaw};
  taps_.feed(frame);
  for (FrameSink* sink : sinks_) sink->take(frame);
}

// ---- what goes out ----

bool Stream::can_play() const {
  return configured_ && format_.may_send && sender_.is_configured() && rtp_lock_.target().is_set();
}

base::Time Stream::beep(base::Time now) {
  lively_ = true;
  const Position next = sender_.is_sending() ? sender_.next() : Position{0};
  return send_timeline_.time(player_->add_beep(std::max(send_timeline_.at(now), next)));
}

void Stream::tick(base::Time now) {
  if (!configured_) return;
  advance(timeline_.at(now) - depth_);
  if (const auto digit = digits_.tick(now)) push_digit(*digit);
  if (taps_.take_beep_wanted()) beep(now);
  sends_event_ = send_events(now);
  if (!sends_event_ && (!is_listening() || !can_hear())) send_audio(now);
  if (options_.idle == Idle::keepalive && now >= next_keepalive_) send_keepalive(now);
  if (rtcp_.is_due(now)) send_report(now, false);
  watch_silence(now);
  lively_ = sender_.is_sending() || sends_event_ || player_->is_playing(send_timeline_.at(now));
}

void Stream::send_audio(base::Time now) {
  const Position position = send_timeline_.at(now);
  const bool continuous = options_.idle == Idle::silence;
  if (!can_play()) return sender_.stop();
  if (!sender_.is_sending()) {
    if (continuous || has_tones() || player_->is_playing(position)) {
      sender_.begin(continuous || has_tones() ? position : player_->begin());
    } else {
      return;
    }
  }
  if (position - sender_.next() > send_timeline_.samples(kMaxBehind)) {
    sender_.stop();
    sender_.begin(position);
  }
  const auto is_left = [&] { return ear_ && sender_.next() < ear_->outgoing().end(); };
  while (continuous || has_tones() || player_->is_playing(sender_.next()) || is_left()) {
    const auto packet = sender_.poll(position, [&](Position at, std::span<std::int16_t> out) { render_sent(at, out); });
    if (packet.empty()) return;
    send(packet);
    next_keepalive_ = now + options_.keepalive;
  }
  sender_.stop();
}

void Stream::send(std::span<const std::uint8_t> packet) {
  if (transport_.send_rtp(packet, rtp_lock_.target())) {
    ++stats_.sent;
  } else {
    ++stats_.send_failed;
  }
}

// Opens the way through NATs for RTP (RFC 6263 §4.6) and, the first time, is followed by RTCP. Goes on while held: it
// is no media.
void Stream::send_keepalive(base::Time now) {
  next_keepalive_ = now + options_.keepalive;
  if (!rtp_lock_.target().is_set()) return;
  const auto packet = sender_.keepalive(keepalive_type_, send_timeline_.at(now));
  if (!packet.empty()) send(packet);
}

net::Address Stream::rtcp_target() const { return (format_.rtcp_mux ? rtp_lock_ : rtcp_lock_).target(); }

void Stream::send_report(base::Time now, bool bye) {
  const auto info = sender_.take_report(send_timeline_.at(now), rtcp_.ntp(now));
  const auto packet = rtcp_.report(now, info, source_, bye);
  const net::Address target = rtcp_target();
  if (!target.is_set()) return;
  const bool sent = format_.rtcp_mux ? transport_.send_rtp(packet, target) : transport_.send_rtcp(packet, target);
  if (sent) {
    ++stats_.rtcp_sent;
  } else {
    ++stats_.send_failed;
  }
}

void Stream::watch_silence(base::Time now) {
  if (options_.timeout.count() == 0 || silence_told_ || format_.held || !format_.may_receive) return;
  if (now - last_received_ < options_.timeout) return;
  silence_told_ = true;
  events_->push(PartySilent{ref_});
}

}  // namespace media
