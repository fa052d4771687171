#include "media/sender.hpp"

#include <algorithm>

#include "base/random.hpp"

namespace media {

// §5.1: the first sequence number and timestamp are random. The upper half of the numbers is left out, so that a burst
// does not wrap before the peer has seen it begin.
Sender::Sender()
    : ssrc_(base::random_u32()),
      timestamp_offset_(base::random_u32()),
      sequence_(static_cast<std::uint16_t>(base::random_u32() & 0x7fff)) {}

void Sender::configure(const codec::Codec& codec, const std::string& fmtp, std::uint8_t payload_type,
                       std::chrono::milliseconds ptime, const Timeline& timeline, Position now) {
  const bool other = codec_ != &codec || fmtp_ != fmtp;
  if (codec_ != nullptr && other) {
    const std::uint32_t reached = timestamp(scaled(now, timeline.rate, rate_));
    next_ = scaled(next_, rate_, timeline.rate);
    timestamp_offset_ = reached - static_cast<std::uint32_t>(scaled(now, timeline.rate, codec.rtp_clock()));
  }
  if (other) encoder_ = codec.make_encoder(fmtp);
  codec_ = &codec;
  fmtp_ = fmtp;
  payload_type_ = payload_type;
  rate_ = timeline.rate;
  const auto length = std::clamp(ptime, std::chrono::milliseconds(10), std::chrono::milliseconds(60));
  length_ = std::min(static_cast<std::size_t>(timeline.samples(codec.packet_time(length))), kMaxPcm);
}

void Sender::begin(Position at) {
  if (sending_) return;
  sending_ = true;
  marker_ = true;
  next_ = std::max(at, next_);
}

std::uint32_t Sender::timestamp(Position at) const {
  return timestamp_offset_ + static_cast<std::uint32_t>(scaled(at, rate_, codec_->rtp_clock()));
}

void Sender::write_header(std::uint8_t payload_type, bool marker, std::uint32_t timestamp) {
  rtp::Packet{.payload_type = payload_type,
              .marker = marker,
              .sequence = sequence_++,
              .timestamp = timestamp,
              .ssrc = ssrc_,
              .payload = {}}
      .write_header(packet_);
  ++packets_;
}

std::span<const std::uint8_t> Sender::pack(std::span<const std::int16_t> pcm) {
  write_header(payload_type_, marker_, timestamp(next_));
  const std::size_t size = encoder_->encode(pcm, std::span(packet_).subspan(rtp::kHeaderSize));
  bytes_ += static_cast<std::uint32_t>(size);
  marker_ = false;
  next_ += static_cast<Position>(pcm.size());
  return {packet_.data(), rtp::kHeaderSize + size};
}

std::span<const std::uint8_t> Sender::keepalive(std::uint8_t payload_type, Position now) {
  if (codec_ == nullptr) return {};
  write_header(payload_type, false, timestamp(now));
  return {packet_.data(), rtp::kHeaderSize};
}

std::span<const std::uint8_t> Sender::event(std::uint8_t payload_type, const rtp::TelephoneEvent& event, bool marker,
                                            Position begin, std::uint32_t ticks, std::uint32_t event_clock) {
  if (codec_ == nullptr) return {};
  // The timestamps are those of the audio's clock, also where the durations are counted in another.
  const auto later = static_cast<std::uint32_t>(scaled(ticks, event_clock, codec_->rtp_clock()));
  write_header(payload_type, marker, timestamp(begin) + later);
  event.write(std::span(packet_).subspan<rtp::kHeaderSize, rtp::kTelephoneEventSize>());
  bytes_ += rtp::kTelephoneEventSize;
  return {packet_.data(), rtp::kHeaderSize + rtp::kTelephoneEventSize};
}

std::optional<rtp::SenderInfo> Sender::take_report(Position now, std::uint64_t ntp) {
  if (packets_ == reported_packets_ || codec_ == nullptr) return std::nullopt;
  reported_packets_ = packets_;
  return rtp::SenderInfo{.ntp = ntp, .rtp_timestamp = timestamp(now), .packets = packets_, .bytes = bytes_};
}

}  // namespace media
