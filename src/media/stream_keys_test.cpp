// Keys through a whole stream: tones that come in, events and tones that go out.
#include <string>

#include "media/keyed_for_test.hpp"
#include "media/stream_fixture.hpp"
#include "rtp/telephone_event.hpp"

namespace media::test {
namespace {

class StreamKeysTest : public StreamTest {
 protected:
  // Delivers the audio, a packet every 20 ms.
  void say(const Audio& audio) {
    for (std::size_t at = 0; at + 160 <= audio.size(); at += 160) {
      Packet one = packet(said_++);
      for (std::size_t i = 0; i < 160; ++i) one.payload[i] = codec::g711::linear_to_mulaw(audio[at + i]);
      deliver(one);
      pass(milliseconds(20));
    }
  }
  void press(char key, int ms) {
    Audio audio;
    add_silence(audio, 100, 8000);
    add_key(audio, key, ms, 8000);
    say(audio);
  }
  void quiet(int ms) {
    Audio audio;
    add_silence(audio, ms, 8000);
    say(audio);
  }
  std::string keys() {
    std::string all;
    for (const Digit& digit : events<Digit>()) all += digit.digit;
    return all;
  }
  struct Heard {
    rtp::Packet header;
    rtp::TelephoneEvent event;
    Time at;
  };
  std::vector<Heard> sent_events() {
    std::vector<Heard> all;
    for (const Sent& sent : transport_.rtp) {
      const auto packet = rtp::Packet::parse(sent.bytes);
      if (packet->payload_type != 101) continue;
      all.push_back({*packet, rtp::TelephoneEvent::parse(packet->payload).value(), sent.at});
    }
    return all;
  }
  // All audio that was sent, as far as it goes without a gap.
  Audio sent_audio() {
    Audio all;
    for (const Sent& sent : transport_.rtp) {
      const auto packet = rtp::Packet::parse(sent.bytes);
      if (packet->payload_type != 0) continue;
      for (const std::uint8_t code : packet->payload) all.push_back(value(code));
    }
    return all;
  }

  int said_ = 0;
};

TEST_F(StreamKeysTest, TonesAreReportedOnlyWhileSomebodyWantsThem) {
  press('4', 100);
  quiet(500);
  EXPECT_EQ(keys(), "");
  stream_->detect_tones(true);
  stream_->detect_tones(true);
  press('5', 100);
  quiet(500);
  EXPECT_EQ(keys(), "5");
  stream_->detect_tones(false);
  press('6', 100);
  quiet(500);
  EXPECT_EQ(keys(), "56") << "counted";
  stream_->detect_tones(false);
  press('7', 100);
  quiet(500);
  EXPECT_EQ(keys(), "56");
}

TEST_F(StreamKeysTest, AToneThatIsAlsoAnEventIsOneKey) {
  stream_->detect_tones(true);
  press('7', 40);  // what a gateway lets through
  const std::uint32_t begin = first_timestamp_ + static_cast<std::uint32_t>(said_ * 160);
  for (int i = 1; i <= 5; ++i) {
    Packet event{static_cast<std::uint16_t>(first_sequence_ + said_++), begin, std::vector<std::uint8_t>(4), 101,
                 i == 1};
    rtp::TelephoneEvent{.event = 7, .end = i == 5, .volume = 10, .duration = static_cast<std::uint16_t>(i * 160)}.write(
        std::span<std::uint8_t, 4>(event.payload.data(), 4));
    deliver(event);
    pass(milliseconds(20));
  }
  quiet(800);
  EXPECT_EQ(keys(), "7");
}

TEST_F(StreamKeysTest, KeysGoOutAsEventsOfTheSameSource) {
  stream_->send_keys("1#", milliseconds(100));
  pass(milliseconds(800));
  const auto all = sent_events();
  ASSERT_EQ(all.size(), 14U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool first = i < 7;
    EXPECT_EQ(all[i].event.digit(), first ? '1' : '#');
    EXPECT_EQ(all[i].header.marker, i == 0 || i == 7);
    EXPECT_EQ(all[i].event.end, i % 7 >= 4);
    EXPECT_EQ(all[i].header.timestamp, all[first ? 0 : 7].header.timestamp);
    EXPECT_EQ(all[i].header.sequence, static_cast<std::uint16_t>(all[0].header.sequence + i));
    EXPECT_EQ(all[i].header.ssrc, all[0].header.ssrc);
  }
  EXPECT_EQ(all[7].header.timestamp - all[0].header.timestamp, (100 + 80) * 8);
  EXPECT_TRUE(sent_audio().empty());
}

TEST_F(StreamKeysTest, AudioStopsForAnEventAndGoesOnBehindIt) {
  make(options(Idle::silence));
  stream_->configure(format_, now_);
  pass(milliseconds(200));
  const std::size_t before = sent_audio().size();
  EXPECT_GE(before, 1280U);
  stream_->send_keys("5", milliseconds(200));
  pass(milliseconds(220));
  EXPECT_LE(sent_audio().size(), before + 160);
  EXPECT_FALSE(sent_events().empty());
  pass(milliseconds(400));
  EXPECT_GE(sent_audio().size(), before + 2000);
  // One source, whose numbers go on and whose time does not run backwards.
  std::optional<rtp::Packet> last;
  for (const Sent& sent : transport_.rtp) {
    const auto packet = rtp::Packet::parse(sent.bytes);
    if (last) {
      EXPECT_EQ(packet->sequence, static_cast<std::uint16_t>(last->sequence + 1));
      EXPECT_GE(static_cast<std::int32_t>(packet->timestamp - last->timestamp), 0);
    }
    last = packet;
  }
}

TEST_F(StreamKeysTest, WhereEventsWereNotAgreedOnKeysGoOutAsTones) {
  format_.telephone_event_type.reset();
  stream_->configure(format_, now_);
  stream_->send_keys("159#", milliseconds(100));
  pass(milliseconds(1500));
  EXPECT_TRUE(sent_events().empty());
  ToneDetector detector;
  Audio audio = sent_audio();
  add_silence(audio, 300, 8000);
  std::string heard;
  for (std::size_t at = 0; at + 160 <= audio.size(); at += 160) {
    detector.feed({&audio[at], 160}, 8000);
    while (const auto digit = detector.take()) heard += digit->key;
  }
  EXPECT_EQ(heard, "159#");
  EXPECT_LE(audio.size(), 8U * (4 * 180 + 300 + 100)) << "and then the line is silent again";
}

TEST_F(StreamKeysTest, NothingIsSentToAPartyOnHoldNorKeptForIt) {
  stream_->send_keys("123456789", milliseconds(100));
  pass(milliseconds(200));
  Format held = format_;
  held.may_send = false;
  stream_->configure(held, now_);
  const std::size_t before = sent_events().size();
  pass(milliseconds(500));
  stream_->send_keys("0", milliseconds(100));
  stream_->configure(format_, now_);
  pass(milliseconds(500));
  EXPECT_EQ(sent_events().size(), before);
}

}  // namespace
}  // namespace media::test
