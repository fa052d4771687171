#include "media/engine.hpp"

#include <algorithm>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/mailbox.hpp"
#include "net/udp_socket.hpp"
#include "rtp/packet.hpp"
#include "rtp/rtcp.hpp"

// The engine whole: real threads, real sockets on the loopback, real time. What can be told with a passed-in clock is
// in stream_test.cpp and tap_test.cpp.
namespace {

using base::Clock;
using base::milliseconds;

net::UdpSocket bound() { return std::move(*net::UdpSocket::bind(*net::Address::parse("127.0.0.1", 0))); }

class EngineTest : public testing::Test {
 protected:
  static media::EngineOptions options() {
    media::EngineOptions made;
    made.first_port = 42000;
    made.last_port = 42999;
    made.workers = 2;
    return made;
  }

  void SetUp() override { ASSERT_TRUE(engine_->start()); }

  media::CreatedStream create() {
    auto made = engine_->create();
    EXPECT_TRUE(made);
    target_ = *net::Address::parse("127.0.0.1", made->rtp_port);
    return *made;
  }
  media::Format format() {
    media::Format made;
    made.codec = codec::find("PCMU", 8000);
    made.payload_type = 0;
    made.telephone_event_type = 101;
    made.remote_rtp = phone_.local();
    made.remote_rtcp = phone_rtcp_.local();
    return made;
  }

  void send_audio(std::uint8_t fill = 0x00) {
    std::array<std::uint8_t, rtp::kHeaderSize + 160> packet;
    packet.fill(fill);
    rtp::Packet{
        .payload_type = 0, .marker = false, .sequence = sequence_++, .timestamp = timestamp_, .ssrc = 7, .payload = {}}
        .write_header(packet);
    timestamp_ += 160;
    ASSERT_TRUE(phone_.send(packet, target_));
  }
  // In real time, 20 ms a packet.
  void talk(milliseconds length) {
    auto next = Clock::now();
    for (milliseconds done{0}; done < length; done += milliseconds(20)) {
      send_audio();
      next += milliseconds(20);
      std::this_thread::sleep_until(next);
    }
  }

  void collect() {
    mailbox_.drain([this](media::Event&& event) { events_.push_back(event); });
  }
  template <class Wanted>
  std::optional<Wanted> wait_for(milliseconds most = milliseconds(3000)) {
    const auto deadline = Clock::now() + most;
    for (;;) {
      collect();
      for (const auto& event : events_) {
        if (const auto* found = std::get_if<Wanted>(&event)) return *found;
      }
      if (Clock::now() > deadline) return std::nullopt;
      std::this_thread::sleep_for(milliseconds(5));
    }
  }
  // What the phone hears: parsed packets, their bytes kept.
  std::vector<std::vector<std::uint8_t>> received(const net::UdpSocket& socket) {
    std::vector<std::vector<std::uint8_t>> all;
    net::ReceiveBatch batch;
    while (socket.receive(batch) > 0) {
      for (std::size_t i = 0; i < batch.size(); ++i) all.emplace_back(batch[i].bytes.begin(), batch[i].bytes.end());
    }
    return all;
  }

  base::Mailbox<media::Event> mailbox_;
  std::vector<media::Event> events_;
  std::unique_ptr<media::Engine> engine_ =
      std::make_unique<media::Engine>(options(), [this](media::Event event) { mailbox_.post(event); });
  net::UdpSocket phone_ = bound(), phone_rtcp_ = bound();
  net::Address target_;
  std::uint16_t sequence_ = 100;
  std::uint32_t timestamp_ = 12345;
};

std::vector<std::int16_t> take_all(record::Track& track) {
  std::vector<std::int16_t> all;
  std::vector<std::int16_t> block(record::Track::kMaxBlock);
  while (const std::size_t count = track.take(block))
    all.insert(all.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
  return all;
}

TEST_F(EngineTest, RecordsWhatAPartySaysAndStopsExactlyAtMaxDuration) {
  const auto stream = create();
  engine_->configure(stream.ref, format());
  record::Track track(8000, 1);
  record::Settings settings;
  settings.max_duration = milliseconds(500);
  engine_->add_tap(stream.ref, 1, {settings, &track});
  talk(milliseconds(600));
  const auto ended = wait_for<media::TapEnded>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->reason, record::EndReason::max_duration);
  const auto audio = take_all(track);
  EXPECT_TRUE(track.ended());
  EXPECT_EQ(audio.size(), 4000U);
  EXPECT_EQ(track.stats().samples, 4000U);
  EXPECT_GT(std::count(audio.begin(), audio.end(), -32124), 3000) << "µ-law code 0";
}

TEST_F(EngineTest, LosesNothingThatHasArrivedWhenTheCallIsHungUp) {
  const auto stream = create();
  engine_->configure(stream.ref, format());
  record::Track track(8000, 1);
  engine_->add_tap(stream.ref, 1, {{}, &track});
  talk(milliseconds(400));
  engine_->destroy(stream.ref);
  ASSERT_TRUE(wait_for<media::Destroyed>());
  const auto ended = wait_for<media::TapEnded>();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->reason, record::EndReason::hangup);
  const auto audio = take_all(track);
  EXPECT_TRUE(track.ended());
  // The first packet ends where it arrived: at most that one is cut.
  const auto heard = std::count(audio.begin(), audio.end(), -32124);
  EXPECT_GE(heard, 19 * 160);
  EXPECT_NEAR(static_cast<double>(audio.size()), 3200, 480);
}

TEST_F(EngineTest, GivesThePortsBackWhenAStreamIsDestroyed) {
  media::EngineOptions few = options();
  few.first_port = 43000;
  few.last_port = 43003;
  media::Engine engine(few, [this](media::Event event) { mailbox_.post(event); });
  ASSERT_TRUE(engine.start());
  const auto one = engine.create();
  const auto two = engine.create();
  ASSERT_TRUE(one && two);
  EXPECT_NE(one->rtp_port, two->rtp_port);
  EXPECT_EQ(one->rtp_port % 2, 0);
  EXPECT_EQ(one->rtcp_port, one->rtp_port + 1);
  const auto three = engine.create();
  ASSERT_FALSE(three);
  EXPECT_EQ(three.error().kind, base::Kind::no_resources);
  engine.destroy(one->ref);
  ASSERT_TRUE(wait_for<media::Destroyed>());
  const auto four = engine.create();
  ASSERT_TRUE(four);
  EXPECT_EQ(four->rtp_port, one->rtp_port);
}

TEST_F(EngineTest, OpensTheWayThroughNatsAtOnceAndSaysByeAtTheEnd) {
  const auto stream = create();
  engine_->configure(stream.ref, format());
  std::this_thread::sleep_for(milliseconds(100));
  const auto rtp = received(phone_);
  const auto rtcp = received(phone_rtcp_);
  ASSERT_EQ(rtp.size(), 1U);
  const auto packet = rtp::Packet::parse(rtp[0]);
  ASSERT_TRUE(packet);
  EXPECT_NE(packet->payload_type, 0);
  EXPECT_NE(packet->payload_type, 101);
  EXPECT_TRUE(packet->payload.empty());
  ASSERT_EQ(rtcp.size(), 1U);
  const auto report = rtp::Compound::parse(rtcp[0]);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->ssrc, packet->ssrc);
  EXPECT_FALSE(report->bye);
  engine_->destroy(stream.ref);
  ASSERT_TRUE(wait_for<media::Destroyed>());
  const auto last = received(phone_rtcp_);
  ASSERT_EQ(last.size(), 1U);
  EXPECT_TRUE(rtp::Compound::parse(last[0])->bye);
}

TEST_F(EngineTest, EndsOpenRecordingsWhenItIsDestroyedItself) {
  const auto stream = create();
  engine_->configure(stream.ref, format());
  record::Track track(8000, 1);
  engine_->add_tap(stream.ref, 1, {{}, &track});
  engine_.reset();
  take_all(track);
  EXPECT_TRUE(track.ended());
  EXPECT_EQ(track.reason(), record::EndReason::hangup);
}

TEST_F(EngineTest, EndsATrackWhoseStreamIsGone) {
  const auto stream = create();
  engine_->destroy(stream.ref);
  record::Track track(8000, 1);
  engine_->add_tap(stream.ref, 1, {{}, &track});
  ASSERT_TRUE(wait_for<media::TapEnded>());
  take_all(track);
  EXPECT_TRUE(track.ended());
}

TEST_F(EngineTest, RefusesAnAddressThatIsNotOfThisMachine) {
  media::EngineOptions wrong = options();
  wrong.address = "192.0.2.1";
  media::Engine engine(wrong, [](media::Event) {});
  EXPECT_FALSE(engine.start());
}

TEST_F(EngineTest, JoinsStreamsAndBridgesWhicheverWorkersTheyLiveOn) {
  const auto first = create();
  const net::Address to_first = target_;
  engine_->configure(first.ref, format());
  const auto second = create();
  const auto second_phone = bound();
  media::Format other = format();
  other.remote_rtp = second_phone.local();
  engine_->configure(second.ref, other);
  const auto bridge = engine_->create_bridge();
  engine_->join(first.ref, second.ref, media::Flow::duplex);
  const auto hears = [&](std::uint8_t code) {
    long count = 0;
    for (const auto& bytes : received(second_phone)) count += std::count(bytes.begin(), bytes.end(), code);
    return count;
  };
  target_ = to_first;
  talk(milliseconds(500));
  EXPECT_GT(hears(0x00), 2000) << "what the first one says";
  engine_->unjoin(second.ref, first.ref);
  engine_->join(bridge, first.ref, media::Flow::duplex);
  engine_->join(second.ref, bridge, media::Flow::duplex);
  record::Track track(8000, 1);
  engine_->add_tap(bridge, 5, {{}, &track});
  talk(milliseconds(500));
  EXPECT_GT(hears(0x00), 2000);
  engine_->destroy(bridge);
  const auto gone = wait_for<media::Destroyed>();
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->endpoint, bridge);
  const auto audio = take_all(track);
  ASSERT_TRUE(track.ended());
  EXPECT_GT(std::count(audio.begin(), audio.end(), -32124), 3000) << "µ-law code 0";
  hears(0);
  talk(milliseconds(200));
  EXPECT_EQ(hears(0x00), 0);
}

}  // namespace
