#pragma once
// The RTP that a stream sends: its own source, whose timestamps follow the stream's timeline also while nothing is sent
// (RFC 3550 §5.1), packets of the agreed length, a marker at the start of each burst (RFC 3551 §4.1).
// Owned by a media worker; poll() and keepalive() never allocate.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "codec/codec.hpp"
#include "media/timeline.hpp"
#include "rtp/packet.hpp"
#include "rtp/rtcp.hpp"
#include "rtp/telephone_event.hpp"

namespace media {

class Sender {
 public:
  Sender();

  // What to send with; a change takes effect with the next packet. `timeline` is at the codec's rate; `now` on it.
  // Where the clock of the timestamps changes, they go on from the same value (RFC 7160).
  void configure(const codec::Codec& codec, const std::string& fmtp, std::uint8_t payload_type,
                 std::chrono::milliseconds ptime, const Timeline& timeline, Position now);
  bool is_configured() const { return encoder_ != nullptr; }

  // Sets where the next burst begins, if none is under way.
  void begin(Position at);
  void stop() { sending_ = false; }
  bool is_sending() const { return sending_; }
  Position next() const { return next_; }
  // Of a packet, in samples.
  Position length() const { return static_cast<Position>(length_); }

  // The packet that is due at `now`, if any: its audio is asked of `audio(position, out)`. Valid until the next call.
  template <class Audio>
  std::span<const std::uint8_t> poll(Position now, Audio&& audio) {
    if (!sending_ || next_ > now || !encoder_) return {};
    const std::span<std::int16_t> pcm(pcm_.data(), length_);
    audio(next_, pcm);
    return pack(pcm);
  }
  // A packet of a payload type that was not agreed on, which the peer will ignore (RFC 6263 §4.6).
  std::span<const std::uint8_t> keepalive(std::uint8_t payload_type, Position now);

  // A packet of an event that began at `begin`, `ticks` of the clock of `event_clock` Hz before this segment of it
  // (RFC 4733 §2.5.1): one timestamp for all packets of it.
  std::span<const std::uint8_t> event(std::uint8_t payload_type, const rtp::TelephoneEvent& event, bool marker,
                                      Position begin, std::uint32_t ticks, std::uint32_t event_clock);

  std::uint32_t ssrc() const { return ssrc_; }
  // For a sender report; nothing if no RTP was sent since the last call.
  std::optional<rtp::SenderInfo> take_report(Position now, std::uint64_t ntp);
  bool has_sent() const { return packets_ > 0; }

 private:
  static constexpr std::size_t kMaxPcm = std::size_t{48} * 60;  // samples: 60 ms at 48 kHz
  static constexpr std::size_t kMaxPacket = 2048;               // 10 ms of L16 at 44.1 kHz in stereo

  std::span<const std::uint8_t> pack(std::span<const std::int16_t> pcm);
  std::uint32_t timestamp(Position at) const;
  void write_header(std::uint8_t payload_type, bool marker, std::uint32_t timestamp);

  const codec::Codec* codec_ = nullptr;
  std::string fmtp_;
  std::unique_ptr<codec::Encoder> encoder_;
  std::uint8_t payload_type_ = 0;
  std::size_t length_ = 160;  // samples a packet
  std::uint32_t rate_ = 8000;

  const std::uint32_t ssrc_;
  std::uint32_t timestamp_offset_;
  std::uint16_t sequence_;

  bool sending_ = false;
  bool marker_ = true;
  Position next_ = 0;
  std::uint32_t packets_ = 0, bytes_ = 0, reported_packets_ = 0;
  std::array<std::int16_t, kMaxPcm> pcm_;
  std::array<std::uint8_t, kMaxPacket> packet_;
};

}  // namespace media
