#pragma once
// Parties that speak tones and keep what they hear, joined in all ways, with a clock that the test moves. For the tests
// of what is joined: the streams, the switchboard and the bridges are the real ones, the network is not there.

#include <cmath>
#include <deque>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "codec/codec.hpp"
#include "media/switchboard.hpp"
#include "rtp/packet.hpp"

namespace media::test {

using base::milliseconds;
using base::Time;

using Audio = std::vector<std::int16_t>;

// The amplitude of a frequency in [from, to) seconds of the audio, within 10 Hz; a full scale sine has 32767.
inline double level(const Audio& audio, std::uint32_t rate, double frequency, double from, double to) {
  const auto begin = static_cast<std::size_t>(from * rate);
  const std::size_t end = std::min(audio.size(), static_cast<std::size_t>(to * rate)), window = rate / 10;
  double sum = 0;
  int windows = 0;
  for (std::size_t at = begin; at + window <= end; at += window, ++windows) {
    double real = 0, imaginary = 0;
    for (std::size_t i = 0; i < window; ++i) {
      const double turn = 2 * std::numbers::pi * static_cast<double>(i);
      const double weight = 1 - std::cos(turn / static_cast<double>(window));  // Hann's, of mean 1
      real += weight * audio[at + i] * std::cos(turn * frequency / rate);
      imaginary += weight * audio[at + i] * std::sin(turn * frequency / rate);
    }
    sum += 2 * std::hypot(real, imaginary) / static_cast<double>(window);
  }
  return windows == 0 ? 0 : sum / windows;
}
inline int peak(const Audio& audio) {
  int most = 0;
  for (const std::int16_t sample : audio) most = std::max(most, std::abs(static_cast<int>(sample)));
  return most;
}

inline const codec::Codec* codec_named(const char* name, std::uint32_t clock) {
  const codec::Codec* const found = codec::find(name, clock);
  return found != nullptr ? found : codec::find(name, clock, 2);
}

class Party final : public Transport {
 public:
  Party(std::uint32_t id, const char* name, std::uint32_t clock, Time now, EventQueue& events, Stream::Options options,
        milliseconds ptime = milliseconds(20))
      : codec(codec_named(name, clock)),
        rate(codec->sample_rate("")),
        stream({id}, options, rtp::NtpClock{.ntp_at_origin = 1ULL << 40, .origin = now}, *this, events),
        encoder_(codec->make_encoder("")),
        decoder_(codec->make_decoder("")),
        begin_(now),
        next_packet_(now + milliseconds(20)),
        ssrc_(id) {
    format.codec = codec;
    format.payload_type =
        codec->static_payload_type() >= 0 ? static_cast<std::uint8_t>(codec->static_payload_type()) : std::uint8_t{96};
    format.ptime = ptime;
    format.remote_rtp = *net::Address::parse("192.0.2.1:4000");
    stream.configure(format, now);
  }

  // What has been said by now is on its way, or has arrived.
  void speak_until(Time now) {
    for (; next_packet_ <= now; next_packet_ += milliseconds(20)) {
      if (!talks) {
        ++sequence_;
        timestamp_ += codec->rtp_clock() / 50;
        continue;
      }
      Audio pcm(rate / 50);
      for (std::int16_t& sample : pcm) {
        const double phase = 2 * std::numbers::pi * tone * static_cast<double>(said_++) / rate;
        sample = static_cast<std::int16_t>(std::lround(amplitude * std::sin(phase)));
      }
      std::vector<std::uint8_t> bytes(4096);
      const std::size_t size = encoder_->encode(pcm, std::span(bytes).subspan(rtp::kHeaderSize));
      bytes.resize(rtp::kHeaderSize + size);
      rtp::Packet{.payload_type = format.payload_type,
                  .marker = false,
                  .sequence = sequence_++,
                  .timestamp = timestamp_,
                  .ssrc = ssrc_,
                  .payload = {}}
          .write_header(bytes);
      timestamp_ += codec->rtp_clock() / 50;
      if (!(loses && loses(sequence_))) {
        const Time at = next_packet_ + (delay ? delay(sequence_) : milliseconds(0));
        on_the_way_.emplace(at, std::move(bytes));
      }
    }
    while (!on_the_way_.empty() && on_the_way_.begin()->first <= now) {
      const auto packet = on_the_way_.extract(on_the_way_.begin());
      stream.receive_rtp(packet.mapped(), format.remote_rtp, packet.key());
    }
  }

  bool send_rtp(std::span<const std::uint8_t> bytes, const net::Address&) override {
    const auto packet = rtp::Packet::parse(bytes);
    if (!packet || packet->payload.empty()) return true;
    if (!first_timestamp_) first_timestamp_ = packet->timestamp;
    if (next_timestamp_ && *next_timestamp_ != packet->timestamp) ++breaks;
    Audio pcm(5760);
    pcm.resize(decoder_->decode(packet->payload, pcm));
    next_timestamp_ = packet->timestamp + static_cast<std::uint32_t>(pcm.size() * codec->rtp_clock() / rate);
    heard.insert(heard.end(), pcm.begin(), pcm.end());
    ++packets;
    return true;
  }
  bool send_rtcp(std::span<const std::uint8_t>, const net::Address&) override { return true; }

  // How loud it hears a frequency, in the last second.
  double hears(double frequency) const {
    const double end = static_cast<double>(heard.size()) / rate;
    return end < 1 ? 0 : level(heard, rate, frequency, end - 1, end);
  }

  const codec::Codec* const codec;
  const std::uint32_t rate;
  Stream stream;
  Format format;
  double tone = 0, amplitude = 8000;
  bool talks = true;
  std::function<milliseconds(int)> delay;  // of a packet on its way, by its number
  std::function<bool(int)> loses;
  Audio heard;  // what was sent to it, decoded
  int packets = 0, breaks = 0;

 private:
  std::unique_ptr<codec::Encoder> encoder_;
  std::unique_ptr<codec::Decoder> decoder_;
  const Time begin_;
  Time next_packet_;
  std::uint64_t said_ = 0;
  std::uint16_t sequence_ = 1000;
  std::uint32_t timestamp_ = 5000;
  const std::uint32_t ssrc_;
  std::multimap<Time, std::vector<std::uint8_t>> on_the_way_;
  std::optional<std::uint32_t> first_timestamp_, next_timestamp_;
};

// A feed that is a tone of some length.
class ToneFeed final : public play::Feed {
 public:
  ToneFeed(std::uint32_t rate, double frequency, double seconds, double amplitude = 8000)
      : rate_(rate), frequency_(frequency), amplitude_(amplitude), left_(static_cast<std::int64_t>(seconds * rate)) {}
  std::uint32_t rate() const override { return rate_; }
  bool read(std::span<std::int16_t> out) override {
    EXPECT_GT(left_, 0) << "read behind its end";
    for (std::int16_t& sample : out) {
      const double phase = 2 * std::numbers::pi * frequency_ * static_cast<double>(at_++) / rate_;
      sample = left_-- > 0 ? static_cast<std::int16_t>(std::lround(amplitude_ * std::sin(phase))) : std::int16_t{0};
    }
    return left_ > 0;
  }

 private:
  const std::uint32_t rate_;
  const double frequency_, amplitude_;
  std::int64_t left_;
  std::uint64_t at_ = 0;
};

class ConferenceTest : public testing::Test {
 protected:
  static Stream::Options options() {
    Stream::Options made;
    made.idle = Idle::none;
    return made;
  }
  void SetUp() override { events_.make_room(2000, 2000); }
  void TearDown() override {
    // As a worker does: streams first, then bridges.
    for (const auto& party : parties_) {
      switchboard_.leave(party->stream, now_);
      party->stream.finish(now_);
      switchboard_.forget(party->stream);
    }
    for (const auto& bridge : switchboard_.bridges()) bridge->finish();
  }

  Party& party(const char* codec = "PCMU", std::uint32_t clock = 8000, double tone = 0,
               milliseconds ptime = milliseconds(20)) {
    parties_.push_back(std::make_unique<Party>(++last_id_, codec, clock, now_, events_, options(), ptime));
    parties_.back()->tone = tone;
    return *parties_.back();
  }
  Bridge& bridge() {
    switchboard_.add(std::make_unique<Bridge>(EndpointRef{++last_id_}, now_, milliseconds(200), events_));
    return *switchboard_.bridges().back();
  }
  void join(Party& one, Party& other, bool forth = true, bool back = true) {
    switchboard_.join(one.stream, other.stream, forth, back);
  }
  void join(Party& one, Bridge& bridge, bool speaks = true, bool hears = true) {
    switchboard_.join(one.stream, bridge, speaks, hears, now_);
  }
  template <class Endpoint>
  record::Track& tap(Endpoint& endpoint, record::Settings settings = {}) {
    tracks_.emplace_back(8000, settings.channels(), 60.0);
    endpoint.add_tap(++last_tap_, {settings, &tracks_.back()}, now_);
    return tracks_.back();
  }

  void pass(milliseconds length) {
    const Time until = now_ + length;
    while (next_tick_ <= until) {
      now_ = next_tick_;
      tick();
      next_tick_ += milliseconds(20);
    }
    now_ = until;
  }
  void tick() {
    for (const auto& party : parties_) party->stream.adapt();
    switchboard_.adapt();
    for (const auto& party : parties_) {
      party->speak_until(now_);
      party->stream.tick(now_);
    }
    const Beat beat = Beat::at(now_);
    for (const auto& party : parties_) party->stream.begin_beat(beat);
    switchboard_.carry(beat);
    for (const auto& party : parties_) party->stream.end_beat(beat);
    switchboard_.advance(now_);
    events_.drain([this](const Event& event) { seen_.push_back(event); });
  }

  // What has come out of a track so far.
  static Audio take(record::Track& track) {
    Audio all, block(record::Track::kMaxBlock);
    while (const std::size_t count = track.take(block)) {
      all.insert(all.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
    }
    return all;
  }
  template <class Wanted>
  std::vector<Wanted> events() {
    std::vector<Wanted> found;
    for (const auto& event : seen_) {
      if (const auto* one = std::get_if<Wanted>(&event)) found.push_back(*one);
    }
    return found;
  }

  static inline const Time kStart = Time{} + std::chrono::hours(1);
  Time now_ = kStart, next_tick_ = kStart + milliseconds(20);
  EventQueue events_;
  std::vector<Event> seen_;
  std::deque<record::Track> tracks_;
  Switchboard switchboard_;
  std::vector<std::unique_ptr<Party>> parties_;
  std::uint32_t last_id_ = 0;
  TapId last_tap_ = 0;
};

}  // namespace media::test
