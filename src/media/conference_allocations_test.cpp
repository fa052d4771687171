// Nothing allocates while parties of all rates speak on a bridge that is recorded and played on, beside a join of two.
#include "media/conference_fixture.hpp"

namespace base::testing {
long allocations();  // allocations_test.cpp
}

namespace {

using namespace media::test;
using base::testing::allocations;

// Packets are made beforehand, what is heard is thrown away.
class Talker final : public media::Transport {
 public:
  Talker(std::uint32_t id, const char* name, std::uint32_t clock, Time now, media::EventQueue& events)
      : codec_(codec_named(name, clock)),
        stream({id}, {.idle = media::Idle::none}, rtp::NtpClock{.ntp_at_origin = 1, .origin = now}, *this, events) {
    media::Format format;
    format.codec = codec_;
    format.payload_type = 96;
    format.remote_rtp = from_;
    stream.configure(format, now);
    const auto encoder = codec_->make_encoder("");
    Audio pcm(codec_->sample_rate("") / 50);
    for (std::size_t i = 0; i < pcm.size(); ++i) pcm[i] = static_cast<std::int16_t>(i % 20 * 900 - 9000);
    size_ = rtp::kHeaderSize + encoder->encode(pcm, std::span(packet_).subspan(rtp::kHeaderSize));
  }
  bool send_rtp(std::span<const std::uint8_t>, const net::Address&) override { return true; }
  bool send_rtcp(std::span<const std::uint8_t>, const net::Address&) override { return true; }
  void speak(Time now) {
    const std::span<std::uint8_t> bytes(packet_.data(), size_);
    rtp::Packet{.payload_type = 96, .sequence = sequence_, .timestamp = timestamp_, .ssrc = 7, .payload = {}}
        .write_header(bytes);
    ++sequence_;
    timestamp_ += codec_->rtp_clock() / 50;
    if (sequence_ % 17 != 0) stream.receive_rtp(bytes, from_, now);
  }

 private:
  const codec::Codec* const codec_;
  const net::Address from_ = *net::Address::parse("192.0.2.1:4000");
  std::array<std::uint8_t, 4096> packet_{};
  std::size_t size_ = 0;
  std::uint16_t sequence_ = 0;
  std::uint32_t timestamp_ = 0;

 public:
  media::Stream stream;
};

TEST(ConferenceAllocationsTest, NoneWhilePartiesSpeakAreMixedPlayedToAndRecorded) {
  Time now = Time{} + std::chrono::hours(1);
  media::EventQueue events;
  events.make_room(100, 100);
  media::Switchboard switchboard;
  switchboard.add(std::make_unique<media::Bridge>(media::EndpointRef{100}, now, milliseconds(200), events));
  media::Bridge& bridge = *switchboard.bridges().front();
  std::deque<Talker> talkers;
  std::uint32_t id = 0;
  for (const auto& [name, clock] : {std::pair{"PCMU", 8000U},
                                    {"G722", 8000U},
                                    {"L16", 44100U},
                                    {"opus", 48000U},
                                    {"GSM", 8000U},
                                    {"PCMA", 8000U}}) {
    talkers.emplace_back(++id, name, clock, now, events);
    if (id <= 4) switchboard.join(talkers.back().stream, bridge, true, true, now);
  }
  switchboard.join(talkers[4].stream, talkers[5].stream, true, true);
  record::Track mixed(8000, 1, 120), own(8000, 2, 120);
  record::Settings stereo;
  stereo.mix = false;
  bridge.add_tap(1, {{}, &mixed}, now);
  talkers[0].stream.add_tap(2, {stereo, &own}, now);
  ToneFeed on_bridge(24000, 700, 1000), on_stream(44100, 900, 1000);
  bridge.add_output(1, on_bridge);
  talkers[5].stream.add_output(2, on_stream);
  talkers[4].stream.watch_voice(true);

  const auto speak = [&](int ticks) {
    for (int i = 0; i < ticks; ++i) {
      now += milliseconds(20);
      for (Talker& one : talkers) {
        one.speak(now);
        one.stream.tick(now);
      }
      const media::Beat beat = media::Beat::at(now);
      for (Talker& one : talkers) one.stream.begin_beat(beat);
      switchboard.carry(beat);
      for (Talker& one : talkers) one.stream.end_beat(beat);
      switchboard.advance(now);
    }
  };
  for (Talker& one : talkers) one.stream.adapt();
  switchboard.adapt();
  speak(50);
  const long before = allocations();
  speak(1000);
  EXPECT_EQ(allocations() - before, 0);
  for (Talker& one : talkers) {
    switchboard.leave(one.stream, now);
    one.stream.finish(now);
    switchboard.forget(one.stream);
  }
  bridge.finish();
  EXPECT_GT(mixed.rate(), 8000U);
}

}  // namespace
