#pragma once
// One stream with a clock that the test moves, and a party whose packets arrive when the test says. For the tests of
// Stream.

#include <algorithm>
#include <deque>
#include <gtest/gtest.h>
#include <vector>

#include "codec/g711.hpp"
#include "media/stream.hpp"
#include "rtp/packet.hpp"

namespace media::test {

using base::milliseconds;
using base::Time;
using media::Position;
using record::EndReason;

struct Sent {
  std::vector<std::uint8_t> bytes;
  net::Address to;
  Time at;
};

class FakeTransport final : public media::Transport {
 public:
  bool send_rtp(std::span<const std::uint8_t> bytes, const net::Address& to) override {
    rtp.push_back({{bytes.begin(), bytes.end()}, to, now});
    return true;
  }
  bool send_rtcp(std::span<const std::uint8_t> bytes, const net::Address& to) override {
    rtcp.push_back({{bytes.begin(), bytes.end()}, to, now});
    return true;
  }
  std::vector<Sent> rtp, rtcp;
  Time now{};
};

inline net::Address address(const char* text) { return *net::Address::parse(text); }

class StreamTest : public testing::Test {
 protected:
  static media::Stream::Options options(media::Idle idle = media::Idle::none) {
    media::Stream::Options made;
    made.idle = idle;
    return made;
  }
  void make(media::Stream::Options options) {
    stream_ = std::make_unique<media::Stream>(media::EndpointRef{1}, options,
                                              rtp::NtpClock{.ntp_at_origin = 1ULL << 40, .origin = kStart}, transport_,
                                              queue_);
    queue_.make_room(100, 100);
  }
  void SetUp() override {
    make(options());
    stream_->configure(format_, now_);
  }
  static media::Format default_format() {
    media::Format format;
    format.codec = codec::find("PCMU", 8000);
    format.also = {{8, codec::find("PCMA", 8000), ""}};
    format.telephone_event_type = 101;
    format.remote_rtp = address("192.0.2.1:4000");
    format.remote_rtcp = address("192.0.2.1:4001");
    return format;
  }

  record::Track& tap(record::Settings settings = {}, media::TapId id = 1) {
    tracks_.emplace_back(8000, settings.channels(), 120.0);
    stream_->add_tap(id, {settings, &tracks_.back()}, now_);
    return tracks_.back();
  }

  // Time goes on, with a tick every 20 ms of it.
  void pass(milliseconds length) {
    const Time until = now_ + length;
    while (next_tick_ <= until) {
      now_ = transport_.now = next_tick_;
      stream_->adapt();
      stream_->tick(now_);
      next_tick_ += milliseconds(20);
    }
    now_ = transport_.now = until;
    queue_.drain([this](const media::Event& event) { events_.push_back(event); });
  }
  void pass_to(double ms) {
    pass(std::chrono::duration_cast<milliseconds>(kStart + std::chrono::microseconds(static_cast<int>(ms * 1000)) -
                                                  now_));
  }

  struct Packet {
    std::uint16_t sequence = 0;
    std::uint32_t timestamp = 0;
    std::vector<std::uint8_t> payload;
    std::uint8_t type = 0;
    bool marker = false;
    std::uint32_t ssrc = 7;
  };
  void deliver(const Packet& packet, const char* from = "192.0.2.1:4000") {
    std::vector<std::uint8_t> bytes(rtp::kHeaderSize + packet.payload.size());
    rtp::Packet{.payload_type = packet.type,
                .marker = packet.marker,
                .sequence = packet.sequence,
                .timestamp = packet.timestamp,
                .ssrc = packet.ssrc,
                .payload = {}}
        .write_header(bytes);
    std::copy(packet.payload.begin(), packet.payload.end(), bytes.begin() + rtp::kHeaderSize);
    stream_->receive_rtp(bytes, address(from), now_);
  }
  // The n-th packet of a party whose samples all have the value of `code`.
  Packet packet(int n, std::uint8_t code = 0x20, int samples = 160) const {
    return {static_cast<std::uint16_t>(first_sequence_ + n), first_timestamp_ + static_cast<std::uint32_t>(n * samples),
            std::vector<std::uint8_t>(static_cast<std::size_t>(samples), code)};
  }

  std::vector<std::int16_t> finish(record::Track& track) {
    stream_->finish(now_);
    queue_.drain([this](const media::Event& event) { events_.push_back(event); });
    return take(track);
  }
  static std::vector<std::int16_t> take(record::Track& track) {
    std::vector<std::int16_t> all, block(record::Track::kMaxBlock);
    while (const std::size_t count = track.take(block)) {
      all.insert(all.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
    }
    return all;
  }
  template <class Wanted>
  std::vector<Wanted> events() {
    std::vector<Wanted> found;
    for (const auto& event : events_) {
      if (const auto* one = std::get_if<Wanted>(&event)) found.push_back(*one);
    }
    return found;
  }
  static std::int16_t value(std::uint8_t code) { return codec::g711::mulaw_to_linear(code); }
  static long count(const std::vector<std::int16_t>& audio, std::uint8_t code) {
    return std::count(audio.begin(), audio.end(), value(code));
  }
  static std::ptrdiff_t first(const std::vector<std::int16_t>& audio, std::uint8_t code) {
    return std::find(audio.begin(), audio.end(), value(code)) - audio.begin();
  }

  static inline const Time kStart = Time{} + std::chrono::hours(1);
  Time now_ = kStart, next_tick_ = kStart + milliseconds(20);
  media::Format format_ = default_format();
  FakeTransport transport_;
  media::EventQueue queue_;
  std::deque<record::Track> tracks_;
  std::unique_ptr<media::Stream> stream_;
  std::vector<media::Event> events_;
  std::uint16_t first_sequence_ = 65530;
  std::uint32_t first_timestamp_ = 0xfffffe00;  // both wrap soon
};

}  // namespace media::test
