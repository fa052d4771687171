// Nothing on the media path allocates: not while packets come, are lost, repaired, corrected for drift and recorded.
#include "media/keyed_for_test.hpp"
#include "media/stream_fixture.hpp"

namespace base::testing {
long allocations();  // allocations_test.cpp
}

namespace {

using namespace media::test;
using base::testing::allocations;

class NoNetwork final : public media::Transport {
 public:
  bool send_rtp(std::span<const std::uint8_t>, const net::Address&) override { return true; }
  bool send_rtcp(std::span<const std::uint8_t>, const net::Address&) override { return true; }
};

class StreamAllocationsTest : public StreamTest {
 protected:
  // Packets of `size` bytes, one of ten lost, with a tick every 20 ms.
  void speak(int packets, std::size_t size, std::uint8_t type, std::uint32_t step) {
    const std::span<std::uint8_t> bytes(bytes_.data(), rtp::kHeaderSize + size);
    for (int n = 0; n < packets; ++n) {
      now_ += milliseconds(20);
      rtp::Packet{.payload_type = type, .sequence = sequence_, .timestamp = timestamp_, .ssrc = 7, .payload = {}}
          .write_header(bytes);
      ++sequence_;
      timestamp_ += step;
      if (sequence_ % 10 != 0) stream_->receive_rtp(bytes, from_, now_);
      stream_->tick(now_);
    }
  }
  NoNetwork network_;
  std::array<std::uint8_t, 1000> bytes_{};
  const net::Address from_ = address("192.0.2.1:4000");
  std::uint16_t sequence_ = 0;
  std::uint32_t timestamp_ = 0;
};

TEST_F(StreamAllocationsTest, NoneWhilePacketsComeAreLostAndRecorded) {
  struct Case {
    const codec::Codec* codec;
    std::size_t size;
    std::uint32_t step;
  };
  for (const auto& [codec, size, step] : {Case{codec::find("PCMU", 8000), 160, 160},
                                          {codec::find("G722", 8000), 160, 160},
                                          {codec::find("L16", 16000), 640, 320},
                                          {codec::find("GSM", 8000), 33, 160}}) {
    auto settings = options();
    settings.silence_digits = true;
    stream_ = std::make_unique<media::Stream>(media::EndpointRef{1}, settings,
                                              rtp::NtpClock{.ntp_at_origin = 1, .origin = kStart}, network_, queue_);
    format_.codec = codec;
    format_.payload_type = 96;
    format_.also.clear();
    stream_->configure(format_, now_);
    record::Track track(codec->sample_rate(""), 2, 60);
    record::Settings wish;
    wish.mix = false;
    wish.final_timeout = milliseconds(1000000);
    stream_->add_tap(1, {wish, &track}, now_);
    speak(50, size, 96, step);
    const long before = allocations();
    speak(1000, size, 96, step + step / 100);  // a clock that is 1 % off
    EXPECT_EQ(allocations() - before, 0) << codec->name();
    finish(track);
    EXPECT_GT(track.stats().repaired_samples, 0U);
  }
}

TEST_F(StreamAllocationsTest, NoneWhileKeysComeAsTonesAndAreSent) {
  for (const bool by_events : {true, false}) {
    stream_ = std::make_unique<media::Stream>(media::EndpointRef{1}, options(),
                                              rtp::NtpClock{.ntp_at_origin = 1, .origin = kStart}, network_, queue_);
    if (!by_events) format_.telephone_event_type.reset();
    stream_->configure(format_, now_);
    stream_->detect_tones(true);
    Audio key;
    add_key(key, '5', 20, 8000);
    for (std::size_t i = 0; i < key.size(); ++i) bytes_[rtp::kHeaderSize + i] = codec::g711::linear_to_mulaw(key[i]);
    queue_.drain([](const media::Event&) {});
    stream_->send_keys("159#", milliseconds(100));
    const long before = allocations();
    for (int i = 0; i < 4; ++i) {
      speak(10, 160, 0, 160);
      timestamp_ += 160 * 10;  // a pause
      now_ += milliseconds(200);
      stream_->tick(now_);
    }
    EXPECT_EQ(allocations() - before, 0) << by_events;
    int found = 0;
    queue_.drain([&](const media::Event& event) { found += std::holds_alternative<media::Digit>(event) ? 1 : 0; });
    EXPECT_GE(found, 3);
  }
}

}  // namespace
