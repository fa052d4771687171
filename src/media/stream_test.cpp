#include "media/stream.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/g711.hpp"
#include "rtp/bytes.hpp"
#include "rtp/packet.hpp"

// One stream with a clock that the test moves, and a party whose packets arrive when the test says.
namespace {

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

net::Address address(const char* text) { return *net::Address::parse(text); }

class StreamTest : public testing::Test {
 protected:
  static media::Stream::Options options(media::Idle idle = media::Idle::none) {
    media::Stream::Options made;
    made.idle = idle;
    return made;
  }
  void make(media::Stream::Options options) {
    stream_ = std::make_unique<media::Stream>(media::StreamRef{0, 1}, options,
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
    format.also = {{8, codec::find("PCMA", 8000)}};
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

TEST_F(StreamTest, RecordsEverySampleAcrossTheWrapOfSequenceAndTimestamp) {
  auto& track = tap();
  for (int n = 0; n < 50; ++n) {
    pass_to(25 + 20 * n);
    deliver(packet(n, static_cast<std::uint8_t>(0x20 + n)));
  }
  const auto audio = finish(track);
  ASSERT_GE(audio.size(), 8000U);
  for (int n = 0; n < 50; ++n) {
    const auto code = static_cast<std::uint8_t>(0x20 + n);
    EXPECT_EQ(count(audio, code), 160) << n;
    EXPECT_EQ(first(audio, code), 40 + 160 * n) << "a packet ends where it arrived";
  }
  EXPECT_EQ(track.stats().packets_received, 50U);
  EXPECT_EQ(track.stats().packets_lost, 0U);
  EXPECT_EQ(track.stats().silent_samples, 40U);
  EXPECT_EQ(track.reason(), EndReason::hangup);
}

TEST_F(StreamTest, TakesPacketsOfAnyLength) {
  for (const int ms : {10, 20, 30, 40, 60}) {
    SCOPED_TRACE(ms);
    make(options());
    stream_->configure(format_, now_);
    const Time begin = now_;
    auto& track = tap();
    const int packets = 1200 / ms;
    for (int n = 0; n < packets; ++n) {
      pass(begin + milliseconds(ms * (n + 1)) - now_ > milliseconds(0)
               ? std::chrono::duration_cast<milliseconds>(begin + milliseconds(ms * (n + 1)) - now_)
               : milliseconds(0));
      deliver(packet(n, static_cast<std::uint8_t>(n % 100), 8 * ms));
    }
    const auto audio = finish(track);
    ASSERT_EQ(audio.size(), 9600U);
    for (int i = 0; i < 9600; ++i) {
      ASSERT_EQ(audio[static_cast<std::size_t>(i)], value(static_cast<std::uint8_t>(i / (8 * ms) % 100))) << i;
    }
    EXPECT_EQ(track.stats().silent_samples + track.stats().concealed_samples, 0U);
  }
}

TEST_F(StreamTest, TakesAChangeOfPacketLengthAndOddLengths) {
  auto& track = tap();
  std::uint32_t timestamp = 1000;
  std::uint16_t sequence = 5;
  int total = 0;
  for (const int samples : {160, 240, 80, 133, 480, 7, 1, 320, 160}) {
    total += samples;
    pass_to(total / 8.0 + 1);
    deliver({sequence++, timestamp, std::vector<std::uint8_t>(static_cast<std::size_t>(samples), 0x30)});
    timestamp += static_cast<std::uint32_t>(samples);
  }
  const auto audio = finish(track);
  EXPECT_EQ(count(audio, 0x30), total);
  EXPECT_EQ(first(audio, 0x30), 8);
  EXPECT_EQ(track.stats().concealed_samples, 0U);
}

TEST_F(StreamTest, PutsReorderedPacketsBackAndDropsDuplicates) {
  auto& track = tap();
  const std::vector<int> order = {0, 2, 1, 1, 3, 6, 5, 4, 4, 7, 9, 8, 10, 10};
  pass_to(20);
  double at = 20;
  for (const int n : order) {
    pass_to(at);
    deliver(packet(n, static_cast<std::uint8_t>(0x20 + n)));
    at += 15;
  }
  pass(milliseconds(300));
  const auto audio = finish(track);
  for (int n = 0; n <= 10; ++n) {
    EXPECT_EQ(first(audio, static_cast<std::uint8_t>(0x20 + n)), 160 * n);
    EXPECT_EQ(count(audio, static_cast<std::uint8_t>(0x20 + n)), 160);
  }
  EXPECT_EQ(track.stats().packets_duplicate, 3U);
  EXPECT_EQ(track.stats().packets_lost, 0U);
  EXPECT_EQ(stream_->stats().duplicate, 3U);
}

TEST_F(StreamTest, LosesNothingToJitterWithinTheDepth) {
  auto& track = tap();
  // Every packet up to 150 ms late, by a fixed pattern.
  std::vector<std::pair<double, int>> arrivals;
  for (int n = 0; n < 200; ++n) arrivals.emplace_back(20 + 20 * n + (n == 0 ? 0 : n * 37 % 151), n);
  std::sort(arrivals.begin(), arrivals.end());
  for (const auto& [at, n] : arrivals) {
    pass_to(at);
    deliver(packet(n, static_cast<std::uint8_t>(n % 90)));
  }
  pass_to(4600);
  const auto audio = finish(track);
  for (int i = 0; i < 200 * 160; ++i) {
    ASSERT_EQ(audio[static_cast<std::size_t>(i)], value(static_cast<std::uint8_t>(i / 160 % 90))) << i;
  }
  EXPECT_EQ(track.stats().packets_lost, 0U);
  EXPECT_EQ(stream_->stats().resyncs, 0U);
}

TEST_F(StreamTest, ConcealsSixtyMillisecondsOfLossAndIsSilentAfter) {
  auto& track = tap();
  for (int n = 0; n < 40; ++n) {
    pass_to(20 + 20 * n);
    if (n >= 20 && n < 28) continue;
    auto one = packet(n);
    for (std::size_t i = 0; i < 160; ++i) {
      const double t = (n * 160 + static_cast<double>(i)) / 8000;
      one.payload[i] = codec::g711::linear_to_mulaw(static_cast<std::int16_t>(10000 * std::sin(2 * M_PI * 200 * t)));
    }
    deliver(one);
  }
  const auto audio = finish(track);
  ASSERT_EQ(audio.size(), 6400U);
  const auto power = [&](std::size_t from, std::size_t to) {
    double sum = 0;
    for (std::size_t i = from; i < to; ++i) sum += static_cast<double>(audio[i]) * audio[i];
    return std::sqrt(sum / static_cast<double>(to - from));
  };
  EXPECT_GT(power(3200, 3200 + 80), 4000) << "goes on where it was";
  EXPECT_EQ(power(3200 + 480, 4480), 0);
  EXPECT_GT(power(4520, 6400), 6000) << "back at once";
  EXPECT_EQ(track.stats().packets_lost, 8U);
  EXPECT_EQ(track.stats().concealed_samples, 480U);
  EXPECT_EQ(track.stats().silent_samples, 800U);
  EXPECT_EQ(stream_->stats().lost, 8U);
}

TEST_F(StreamTest, IsSilentWhereThePartySuppressesSilence) {
  auto& track = tap();
  for (int n = 0; n < 10; ++n) {
    pass_to(20 + 20 * n);
    deliver(packet(n));
  }
  pass_to(20 + 20 * 60);
  auto later = packet(60, 0x21);
  later.sequence = packet(10).sequence;  // no number is missing
  later.marker = true;
  deliver(later);
  const auto audio = finish(track);
  EXPECT_EQ(count(audio, 0x20), 1600);
  EXPECT_EQ(first(audio, 0x21), 60 * 160);
  EXPECT_EQ(track.stats().packets_lost, 0U);
  EXPECT_EQ(track.stats().concealed_samples, 0U);
  EXPECT_EQ(track.stats().silent_samples, 50U * 160U);
}

TEST_F(StreamTest, GoesOnByTheClockWhenNothingComes) {
  auto& track = tap();
  pass(milliseconds(3000));
  const auto audio = finish(track);
  EXPECT_EQ(audio.size(), 24000U);
  EXPECT_EQ(std::count(audio.begin(), audio.end(), 0), 24000);
  EXPECT_TRUE(track.stats().no_media_at_start);
  ASSERT_EQ(events<media::TapUnheard>().size(), 1U);
  EXPECT_EQ(events<media::TapUnheard>()[0].tap, 1U);
}

TEST_F(StreamTest, PlacesTheFirstPacketWhereItArrivedHoweverLateItComes) {
  auto& track = tap();
  pass_to(1500);
  for (int n = 0; n < 5; ++n) {
    deliver(packet(n));
    pass(milliseconds(20));
  }
  pass(milliseconds(500));
  const auto audio = finish(track);
  EXPECT_EQ(first(audio, 0x20), 1500 * 8 - 160);
  EXPECT_EQ(count(audio, 0x20), 800);
}

TEST_F(StreamTest, FollowsAChangeOfSourceWithoutLosingAPacket) {
  auto& track = tap();
  for (int n = 0; n < 10; ++n) {
    pass_to(20 + 20 * n);
    deliver(packet(n));
  }
  for (int n = 0; n < 10; ++n) {
    pass_to(220 + 20 * n);
    Packet other = packet(n, 0x40);
    other.ssrc = 8;
    other.sequence = static_cast<std::uint16_t>(300 + n);
    other.timestamp = 77777 + static_cast<std::uint32_t>(160 * n);
    deliver(other);
  }
  const auto audio = finish(track);
  EXPECT_EQ(count(audio, 0x20), 1600);
  EXPECT_EQ(count(audio, 0x40), 1600);
  EXPECT_EQ(first(audio, 0x40), 1600);
  EXPECT_EQ(track.stats().packets_lost, 0U);
  EXPECT_EQ(stream_->stats().resyncs, 1U);
}

TEST_F(StreamTest, AnchorsAnewWhenTimestampsJump) {
  for (const std::int32_t jump : {8000 * 600, -8000 * 600}) {
    SCOPED_TRACE(jump);
    make(options());
    stream_->configure(format_, now_);
    auto& track = tap();
    for (int n = 0; n < 40; ++n) {
      pass(milliseconds(20));
      auto one = packet(n, n < 20 ? 0x20 : 0x21);
      if (n >= 20) one.timestamp += static_cast<std::uint32_t>(jump);
      deliver(one);
    }
    const auto audio = finish(track);
    EXPECT_EQ(count(audio, 0x20), 3200);
    EXPECT_EQ(count(audio, 0x21), 3200) << "a jump back is seen at once, too";
    EXPECT_EQ(stream_->stats().resyncs, 1U);
  }
}

TEST_F(StreamTest, KeepsTheOnsetOfATalkspurtWhoseTimestampsDidNotCountThePause) {
  auto& track = tap();
  for (int n = 0; n < 10; ++n) {
    pass_to(20 + 20 * n);
    deliver(packet(n));
  }
  for (int n = 10; n < 20; ++n) {
    pass_to(2020 + 20 * (n - 10));
    auto one = packet(n, 0x21);
    one.marker = n == 10;
    deliver(one);
  }
  const auto audio = finish(track);
  EXPECT_EQ(count(audio, 0x21), 1600);
  EXPECT_EQ(first(audio, 0x21), 2000 * 8);
}

TEST_F(StreamTest, DropsWhatComesLaterThanItsTime) {
  auto& track = tap();
  for (int n = 0; n < 40; ++n) {
    pass_to(20 + 20 * n);
    if (n != 10) deliver(packet(n));
    if (n == 35) deliver(packet(10, 0x55));
  }
  const auto audio = finish(track);
  EXPECT_EQ(count(audio, 0x55), 0);
  EXPECT_EQ(track.stats().packets_late, 1U);
  EXPECT_EQ(track.stats().packets_lost, 1U);
  EXPECT_EQ(audio.size(), 6400U);
}

TEST_F(StreamTest, BridgesAStallOfTheNetworkWithinTheDepthWithoutLoss) {
  auto& track = tap();
  for (int n = 0; n < 10; ++n) {
    pass_to(20 + 20 * n);
    deliver(packet(n, static_cast<std::uint8_t>(0x20 + n)));
  }
  pass_to(390);  // 180 ms of nothing, then all at once
  for (int n = 10; n < 19; ++n) deliver(packet(n, static_cast<std::uint8_t>(0x20 + n)));
  for (int n = 19; n < 30; ++n) {
    pass_to(20 + 20 * n);
    deliver(packet(n, static_cast<std::uint8_t>(0x20 + n)));
  }
  const auto audio = finish(track);
  for (int n = 0; n < 30; ++n) EXPECT_EQ(first(audio, static_cast<std::uint8_t>(0x20 + n)), 160 * n);
  EXPECT_EQ(stream_->stats().resyncs, 0U);
}

TEST_F(StreamTest, TreatsABacklogReadAtOnceAsItCameIfItsArrivalsAreKnown) {
  auto& track = tap();
  // The worker stood still for five seconds; the kernel kept the packets and their arrivals.
  for (int n = 0; n < 250; ++n) {
    now_ = kStart + milliseconds(20 + 20 * n);
    deliver(packet(n, static_cast<std::uint8_t>(n % 100)));
  }
  next_tick_ = now_ + milliseconds(20);
  const auto audio = finish(track);
  ASSERT_EQ(audio.size(), 40000U);
  for (std::size_t i = 0; i < audio.size(); ++i) {
    ASSERT_EQ(audio[i], value(static_cast<std::uint8_t>(i / 160 % 100))) << i;
  }
}

TEST_F(StreamTest, TellsEachDigitOnceAndKeepsTheTimelineDuringIt) {
  auto& track = tap();
  int sequence = 0;
  const auto audio_packet = [&](int n) {
    auto one = packet(n);
    one.sequence = static_cast<std::uint16_t>(sequence++);
    return one;
  };
  for (int n = 0; n < 10; ++n) {
    pass_to(20 + 20 * n);
    deliver(audio_packet(n));
  }
  for (int n = 0; n < 8; ++n) {  // 100 ms of event, the end three times
    pass_to(220 + 20 * n);
    const auto duration = static_cast<std::uint16_t>(std::min(160 * (n + 1), 800));
    Packet event{static_cast<std::uint16_t>(sequence++),
                 packet(10).timestamp,
                 {5, static_cast<std::uint8_t>(n >= 5 ? 0x8a : 0x0a), static_cast<std::uint8_t>(duration >> 8),
                  static_cast<std::uint8_t>(duration)}};
    event.type = 101;
    deliver(event);
  }
  for (int n = 18; n < 30; ++n) {
    pass_to(20 + 20 * n);
    deliver(audio_packet(n));
  }
  const auto audio = finish(track);
  ASSERT_EQ(events<media::Digit>().size(), 1U);
  EXPECT_EQ(events<media::Digit>()[0].digit, '5');
  EXPECT_EQ(events<media::Digit>()[0].duration, milliseconds(100));
  EXPECT_EQ(audio.size(), 4800U);
  EXPECT_EQ(count(audio, 0x20), 22 * 160);
  for (std::size_t i = 1600; i < 18 * 160; ++i) ASSERT_EQ(audio[i], 0);
  EXPECT_EQ(audio[18 * 160], value(0x20));
  EXPECT_EQ(track.stats().concealed_samples, 0U);
}

TEST_F(StreamTest, ComfortNoiseIsSilence) {
  auto& track = tap();
  for (int n = 0; n < 20; ++n) {
    pass_to(20 + 20 * n);
    auto one = packet(n);
    if (n >= 5 && n < 15) one.type = 13, one.payload = {70};
    deliver(one);
  }
  const auto audio = finish(track);
  EXPECT_EQ(count(audio, 0x20), 1600);
  for (std::size_t i = 800; i < 2400; ++i) ASSERT_EQ(audio[i], 0);
  EXPECT_EQ(track.stats().concealed_samples, 0U);
  EXPECT_EQ(track.stats().packets_lost, 0U);
}

TEST_F(StreamTest, CutsAtTheSampleThatArrivesWhenACommandIsGiven) {
  pass_to(103);
  auto& track = tap();
  pass_to(203);
  stream_->pause_tap(1, now_);
  stream_->pause_tap(1, now_);
  pass_to(311);
  stream_->resume_tap(1, now_);
  pass_to(408);
  stream_->stop_tap(1, EndReason::stop, now_);
  pass(milliseconds(180));
  EXPECT_TRUE(events<media::TapEnded>().empty()) << "late packets are waited for";
  pass(milliseconds(60));
  ASSERT_EQ(events<media::TapEnded>().size(), 1U);
  const auto audio = take(track);
  EXPECT_EQ(audio.size(), (100U + 97U) * 8U);
  EXPECT_EQ(track.stats().paused_samples, 108U * 8U);
  EXPECT_EQ(track.reason(), EndReason::stop);
}

TEST_F(StreamTest, SeveralTapsDoNotKnowOfEachOther) {
  record::Settings shorter;
  shorter.max_duration = milliseconds(200);
  record::Settings stereo;
  stereo.mix = false;
  auto& one = tap(shorter, 1);
  pass_to(50);
  auto& two = tap(stereo, 2);
  pass_to(100);
  stream_->pause_tap(2, now_);
  pass_to(1000);
  EXPECT_EQ(take(one).size(), 1600U);
  EXPECT_EQ(finish(two).size(), 2U * 400U);
  ASSERT_EQ(events<media::TapEnded>().size(), 2U);
  EXPECT_EQ(events<media::TapEnded>()[0].reason, EndReason::max_duration);
  EXPECT_EQ(events<media::TapEnded>()[1].reason, EndReason::hangup);
}

TEST_F(StreamTest, ATapAddedBeforeTheFirstConfigurationBeginsWithIt) {
  make(options());
  auto& track = tap();
  now_ += milliseconds(500);
  next_tick_ = now_ + milliseconds(20);
  stream_->configure(format_, now_);
  pass(milliseconds(1000));
  EXPECT_EQ(finish(track).size(), 8000U);
}

TEST_F(StreamTest, ATapThatWasNeverConfiguredStillGetsItsEnd) {
  make(options());
  auto& track = tap();
  EXPECT_TRUE(finish(track).empty());
  EXPECT_TRUE(track.ended());
  EXPECT_EQ(events<media::TapEnded>().size(), 1U);
}

TEST_F(StreamTest, AReconfigurationKeepsTheTimelineAndWhatIsBuffered) {
  auto& track = tap();
  for (int n = 0; n < 20; ++n) {
    pass_to(20 + 20 * n);
    auto one = packet(n);
    if (n >= 10) one.type = 8, one.payload.assign(160, 0x11);
    deliver(one);
    if (n == 10) {
      format_.codec = codec::find("PCMA", 8000);
      format_.payload_type = 8;
      format_.also = {};
      format_.relearn_source = false;
      stream_->configure(format_, now_);
    }
  }
  const auto audio = finish(track);
  EXPECT_EQ(audio.size(), 3200U);
  EXPECT_EQ(count(audio, 0x20), 1600);
  EXPECT_EQ(std::count(audio.begin(), audio.end(), codec::g711::alaw_to_linear(0x11)), 1600);
}

TEST_F(StreamTest, ConcealsAGapOfAFewSamples) {
  auto& track = tap();
  // 1 to 9 samples are missing before each packet.
  std::uint32_t timestamp = 0;
  for (int n = 0; n < 10; ++n) {
    pass_to(20 + 20 * n);
    auto one = packet(2 * n);
    timestamp += static_cast<std::uint32_t>(n);
    one.timestamp = timestamp;
    timestamp += 160;
    deliver(one);
  }
  pass(milliseconds(300));
  finish(track);
  EXPECT_EQ(track.stats().packets_lost, 9U);
  EXPECT_EQ(track.stats().concealed_samples, 45U);
}

TEST_F(StreamTest, AnOutageLongerThanTheDepthIsSilenceToItsEnd) {
  auto& track = tap();
  for (int n = 0; n < 60; ++n) {
    pass_to(20 + 20 * n);
    if (n < 20 || n >= 40) deliver(packet(n));
  }
  const auto audio = finish(track);
  EXPECT_EQ(audio.size(), 9600U);
  EXPECT_EQ(track.stats().concealed_samples, 0U);
  EXPECT_EQ(track.stats().silent_samples, 3200U);
  EXPECT_EQ(track.stats().packets_lost, 20U);
}

// ---- the network ----

TEST_F(StreamTest, LocksOnTheFirstValidSourceAndDropsOthers) {
  auto& track = tap();
  deliver({1, 1, {0x20}, 99}, "192.0.2.66:1");  // not a payload type that was agreed on
  pass_to(20);
  deliver(packet(0), "198.51.100.7:5000");
  pass_to(40);
  deliver(packet(1, 0x21), "198.51.100.8:5000");
  deliver(packet(1, 0x22), "198.51.100.7:5000");
  EXPECT_EQ(stream_->stats().foreign, 1U);
  // The signalled address takes it over.
  pass_to(60);
  deliver(packet(2, 0x23));
  pass_to(80);
  deliver(packet(3, 0x24), "198.51.100.7:5000");
  EXPECT_EQ(stream_->stats().foreign, 2U);
  const auto audio = finish(track);
  EXPECT_EQ(count(audio, 0x20), 160);
  EXPECT_EQ(count(audio, 0x21), 0);
  EXPECT_EQ(count(audio, 0x22), 160);
  EXPECT_EQ(count(audio, 0x23), 160);
  EXPECT_EQ(count(audio, 0x24), 0);
}

TEST_F(StreamTest, SendsToWhereThePacketsComeFromUntilSignallingSaysOtherwise) {
  make(options(media::Idle::silence));
  stream_->configure(format_, now_);
  pass(milliseconds(100));
  ASSERT_FALSE(transport_.rtp.empty());
  EXPECT_EQ(transport_.rtp.back().to, address("192.0.2.1:4000"));
  deliver(packet(0), "198.51.100.7:5000");
  pass(milliseconds(100));
  EXPECT_EQ(transport_.rtp.back().to, address("198.51.100.7:5000"));
  format_.relearn_source = false;
  stream_->configure(format_, now_);
  pass(milliseconds(100));
  EXPECT_EQ(transport_.rtp.back().to, address("198.51.100.7:5000"));
  format_.relearn_source = true;
  format_.remote_rtp = address("203.0.113.1:6000");
  stream_->configure(format_, now_);
  pass(milliseconds(100));
  EXPECT_EQ(transport_.rtp.back().to, address("203.0.113.1:6000"));
}

TEST_F(StreamTest, SendsSilenceContinuouslyWithTheAgreedPacketLength) {
  for (const int ms : {10, 20, 30, 40, 60}) {
    SCOPED_TRACE(ms);
    transport_.rtp.clear();
    make(options(media::Idle::silence));
    format_.ptime = milliseconds(ms);
    stream_->configure(format_, now_);
    pass(milliseconds(6000));
    EXPECT_NEAR(static_cast<double>(transport_.rtp.size()), 6000.0 / ms, 3);
    for (std::size_t i = 0; i < transport_.rtp.size(); ++i) {
      const auto one = *rtp::Packet::parse(transport_.rtp[i].bytes);
      ASSERT_EQ(one.payload.size(), static_cast<std::size_t>(8 * ms));
      ASSERT_EQ(one.marker, i == 0);
      ASSERT_EQ(one.payload[0], 0xff);
      if (i == 0) continue;
      const auto before = *rtp::Packet::parse(transport_.rtp[i - 1].bytes);
      ASSERT_EQ(one.timestamp, before.timestamp + static_cast<std::uint32_t>(8 * ms));
      ASSERT_EQ(one.sequence, before.sequence + 1);
    }
  }
}

TEST_F(StreamTest, SendsAKeepaliveAtOnceAndThenEveryFifteenSeconds) {
  make(options(media::Idle::keepalive));
  stream_->configure(format_, now_);
  pass(milliseconds(20));
  ASSERT_EQ(transport_.rtp.size(), 1U);
  ASSERT_EQ(transport_.rtcp.size(), 1U);
  pass(milliseconds(14900));
  EXPECT_EQ(transport_.rtp.size(), 1U);
  pass(milliseconds(15500));
  EXPECT_EQ(transport_.rtp.size(), 3U);
  for (const auto& one : transport_.rtp) {
    const auto packet = *rtp::Packet::parse(one.bytes);
    EXPECT_EQ(packet.payload_type, 127);
    EXPECT_TRUE(packet.payload.empty());
  }
}

TEST_F(StreamTest, SendsNoMediaWhileItMayNotSendButRtcpGoesOn) {
  make(options(media::Idle::silence));
  format_.may_send = false;
  stream_->configure(format_, now_);
  pass(milliseconds(30000));
  EXPECT_TRUE(transport_.rtp.empty());
  EXPECT_GE(transport_.rtcp.size(), 3U);
}

// ---- beeps ----

double power_at(const std::vector<std::uint8_t>& payload) {
  double sum = 0;
  for (const std::uint8_t code : payload) sum += std::pow(codec::g711::mulaw_to_linear(code), 2);
  return std::sqrt(sum / static_cast<double>(payload.size()));
}

std::vector<std::uint8_t> heard(const std::vector<Sent>& sent) {
  std::vector<std::uint8_t> all;
  for (const auto& one : sent) {
    const auto packet = *rtp::Packet::parse(one.bytes);
    all.insert(all.end(), packet.payload.begin(), packet.payload.end());
  }
  return all;
}

TEST_F(StreamTest, BeepsAtTheStartWhileThePartyIsRecordedFromTheFirstSample) {
  record::Settings settings;
  settings.start_beep = true;
  pass_to(60);
  auto& track = tap(settings);
  for (int n = 0; n < 30; ++n) {
    pass_to(80 + 20 * n);
    deliver(packet(n));
  }
  pass(milliseconds(1000));
  const auto beep = heard(transport_.rtp);
  EXPECT_EQ(beep.size(), 280U * 8U);
  EXPECT_EQ(power_at({beep.begin(), beep.begin() + 320}), 0);
  EXPECT_NEAR(power_at({beep.begin() + 400, beep.begin() + 1800}), 32767 * 0.251 / std::sqrt(2.0), 200);
  EXPECT_EQ(power_at({beep.end() - 320, beep.end()}), 0);
  EXPECT_TRUE(rtp::Packet::parse(transport_.rtp[0].bytes)->marker);
  EXPECT_FALSE(stream_->is_lively());
  const auto audio = finish(track);
  EXPECT_EQ(count(audio, 0x20), 4800);
  EXPECT_EQ(first(audio, 0x20), 0);
  EXPECT_EQ(count(audio, 0x20) + std::count(audio.begin(), audio.end(), 0), static_cast<long>(audio.size()))
      << "the beep is not in the recording";
}

TEST_F(StreamTest, BeepsWhenAPausedRecordingIsFirstResumed) {
  record::Settings settings;
  settings.start_beep = settings.start_paused = true;
  tap(settings);
  pass(milliseconds(500));
  EXPECT_TRUE(transport_.rtp.empty());
  stream_->resume_tap(1, now_);
  pass(milliseconds(500));
  EXPECT_EQ(heard(transport_.rtp).size(), 280U * 8U);
  stream_->pause_tap(1, now_);
  stream_->resume_tap(1, now_);
  pass(milliseconds(500));
  EXPECT_EQ(heard(transport_.rtp).size(), 280U * 8U) << "only the first time";
}

TEST_F(StreamTest, TheStopBeepIsPlayedFirstAndTheRecordingGoesOnUntilItIsOver) {
  record::Settings settings;
  settings.stop_beep = true;
  auto& track = tap(settings);
  pass_to(1000);
  stream_->stop_tap(1, EndReason::stop, now_);
  stream_->stop_tap(1, EndReason::stop, now_);
  pass_to(2000);
  EXPECT_EQ(heard(transport_.rtp).size(), 280U * 8U);
  EXPECT_EQ(take(track).size(), (1000U + 240U) * 8U);
  EXPECT_EQ(track.reason(), EndReason::stop);
}

TEST_F(StreamTest, TheStopBeepFollowsALimitAndDoesNotLengthenTheRecording) {
  record::Settings settings;
  settings.stop_beep = true;
  settings.max_duration = milliseconds(300);
  auto& track = tap(settings);
  pass_to(400);
  EXPECT_TRUE(transport_.rtp.empty());
  pass_to(2000);
  EXPECT_EQ(heard(transport_.rtp).size(), 280U * 8U);
  EXPECT_EQ(take(track).size(), 2400U);
}

TEST_F(StreamTest, StopsAtOnceWhenNoBeepCanBePlayed) {
  format_.may_send = false;
  stream_->configure(format_, now_);
  record::Settings settings;
  settings.stop_beep = true;
  auto& track = tap(settings);
  pass_to(1000);
  stream_->stop_tap(1, EndReason::stop, now_);
  pass_to(1500);
  EXPECT_EQ(take(track).size(), 8000U);
}

TEST_F(StreamTest, BeepsOfSeveralRecordingsQueue) {
  record::Settings settings;
  settings.start_beep = true;
  tap(settings, 1);
  tap(settings, 2);
  pass_to(2000);
  EXPECT_EQ(heard(transport_.rtp).size(), 2U * 280U * 8U);
}

// ---- RTCP ----

TEST_F(StreamTest, ReportsRealFiguresAndMeasuresTheRoundTrip) {
  make(options(media::Idle::silence));
  stream_->configure(format_, now_);
  for (int n = 0; n < 500; ++n) {
    pass_to(20 + 20 * n);
    if (n % 10 == 3) continue;  // one in ten is lost
    deliver(packet(n));
    if (n == 100) {
      std::array<std::uint8_t, rtp::Report::kMaxSize> bytes;
      const rtp::Report report{
          .ssrc = 7, .sender = rtp::SenderInfo{.ntp = 0xaabbccdd11223344}, .block = {}, .cname = "p"};
      stream_->receive_rtcp({bytes.data(), report.write(bytes)}, address("192.0.2.1:4001"), now_);
    }
  }
  ASSERT_GE(transport_.rtcp.size(), 2U);
  const auto& last = transport_.rtcp.back();
  const auto report = rtp::Compound::parse(last.bytes);
  ASSERT_TRUE(report && report->sender && report->block_count == 1);
  const auto& block = report->blocks[0];
  EXPECT_EQ(block.ssrc, 7U);
  EXPECT_NEAR(block.fraction_lost, 25, 4);
  EXPECT_GE(block.cumulative_lost, 20);
  EXPECT_GT(block.highest_sequence, 65535U);
  EXPECT_EQ(block.last_sr, 0xccdd1122U);
  EXPECT_EQ(last.to, address("192.0.2.1:4001"));
  const double passed = std::chrono::duration<double>(last.at - kStart).count() - 2.02;
  EXPECT_NEAR(block.delay_since_sr / 65536.0, passed, 0.001);
  EXPECT_NEAR(report->sender->packets, std::chrono::duration<double>(last.at - kStart).count() * 50, 2);
  EXPECT_EQ(report->sender->bytes, report->sender->packets * 160);

  // The party answers 30 ms later, having held our report for 10 ms of them.
  now_ = last.at + milliseconds(30);
  std::array<std::uint8_t, rtp::Report::kMaxSize> bytes;
  const rtp::Report answer{.ssrc = 7,
                           .sender = {},
                           .block = rtp::ReportBlock{.ssrc = report->ssrc,
                                                     .last_sr = static_cast<std::uint32_t>(report->sender->ntp >> 16),
                                                     .delay_since_sr = 655},
                           .cname = "p"};
  stream_->receive_rtcp({bytes.data(), answer.write(bytes)}, address("192.0.2.1:4001"), now_);
  ASSERT_TRUE(stream_->rtcp().round_trip());
  EXPECT_NEAR(static_cast<double>(stream_->rtcp().round_trip()->count()), 20000, 50);
}

TEST_F(StreamTest, WithMuxRtcpSharesTheRtpPort) {
  format_.rtcp_mux = true;
  make(options(media::Idle::keepalive));
  stream_->configure(format_, now_);
  std::array<std::uint8_t, rtp::Report::kMaxSize> bytes;
  const rtp::Report report{.ssrc = 7, .sender = {}, .block = {}, .cname = "p"};
  stream_->receive_rtp({bytes.data(), report.write(bytes)}, address("192.0.2.1:4000"), now_);
  EXPECT_EQ(stream_->stats().rtcp_received, 1U);
  pass(milliseconds(100));
  EXPECT_TRUE(transport_.rtcp.empty());
  EXPECT_EQ(transport_.rtp.size(), 2U);
}

TEST_F(StreamTest, TellsOnceThatAPartyHasGoneSilentAndAgainAfterItCameBack) {
  pass(milliseconds(59900));
  EXPECT_TRUE(events<media::PartySilent>().empty());
  pass(milliseconds(60000));
  EXPECT_EQ(events<media::PartySilent>().size(), 1U);
  deliver(packet(0));
  pass(milliseconds(61000));
  EXPECT_EQ(events<media::PartySilent>().size(), 2U);
}

TEST_F(StreamTest, APartyOnHoldMayBeSilent) {
  format_.held = true;
  stream_->configure(format_, now_);
  pass(milliseconds(120000));
  EXPECT_TRUE(events<media::PartySilent>().empty());
  format_.held = false;
  stream_->configure(format_, now_);
  pass(milliseconds(50000));
  EXPECT_TRUE(events<media::PartySilent>().empty()) << "counted from the end of the hold";
  pass(milliseconds(20000));
  EXPECT_EQ(events<media::PartySilent>().size(), 1U);
}

TEST_F(StreamTest, SaysByeOnlyIfItHasSentAnything) {
  stream_->finish(now_);
  EXPECT_TRUE(transport_.rtcp.empty());
  make(options(media::Idle::keepalive));
  stream_->configure(format_, now_);
  pass(milliseconds(20));
  transport_.rtcp.clear();
  stream_->finish(now_);
  ASSERT_EQ(transport_.rtcp.size(), 1U);
  EXPECT_TRUE(rtp::Compound::parse(transport_.rtcp[0].bytes)->bye);
}

}  // namespace
