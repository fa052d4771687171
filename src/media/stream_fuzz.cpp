// A stream under arbitrary packets of every codec, in any order and at any time, while formats change, taps come and go
// and time jumps. What must hold: each recording is exactly as long as it ran (its rate may rise), and nothing crashes.
#include <array>
#include <cstdlib>
#include <deque>
#include <memory>
#include <vector>

#include "media/stream.hpp"
#include "rtp/packet.hpp"

namespace {

class NoNetwork final : public media::Transport {
 public:
  bool send_rtp(std::span<const std::uint8_t>, const net::Address&) override { return true; }
  bool send_rtcp(std::span<const std::uint8_t>, const net::Address&) override { return true; }
};

// The input, piece by piece; zeros once it is used up.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}
  bool is_empty() const { return rest_.empty(); }
  std::uint8_t byte() { return rest_.empty() ? 0 : take(1)[0]; }
  std::span<const std::uint8_t> take(std::size_t count) {
    const auto taken = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const std::uint8_t> rest_;
};

struct Running {
  record::Track track{8000, 1, 2};
  base::Time begun{};
  double seconds = 0;

  void drain() {
    std::vector<std::int16_t> block(record::Track::kMaxBlock);
    while (const auto next = track.next(block)) {
      seconds += static_cast<double>(next->samples) / next->rate;
      if (next->kind == record::Kind::overrun) seconds += static_cast<double>(next->skipped) / next->rate;
    }
  }
  // Longer than it can have run, or shorter by more than a frame, is a defect.
  void check(base::Time end) {
    drain();
    if (!track.ended()) std::abort();
    const double ran = std::chrono::duration<double>(end - begun).count();
    if (seconds > ran + 0.6 || seconds < ran - 0.05) std::abort();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using base::milliseconds;
  Input input(data, size);
  NoNetwork network;
  media::EventQueue events;
  events.make_room(10, 100);
  media::Stream::Options options;
  options.idle = media::Idle::silence;
  options.record_depth = milliseconds(20 + input.byte() * 2);
  options.silence_digits = (input.byte() & 1) != 0;
  base::Time now = base::Time{} + std::chrono::hours(1);
  media::Stream stream({1}, options, rtp::NtpClock{.ntp_at_origin = 1, .origin = now}, network, events);

  const auto codecs = codec::codecs();
  media::Format format;
  format.remote_rtp = *net::Address::parse("192.0.2.1:4000");
  format.telephone_event_type = 101;
  const auto configure = [&] {
    format.codec = codecs[input.byte() % codecs.size()];
    format.payload_type = static_cast<std::uint8_t>(input.byte() % 100);
    format.also = {{static_cast<std::uint8_t>(input.byte() % 100), codecs[input.byte() % codecs.size()], ""}};
    const std::uint8_t how = input.byte();
    format.held = (how & 1) != 0;
    format.may_receive = (how & 6) != 6;
    format.ptime = milliseconds(10 + how % 8 * 10);
    format.comfort_noise_type = (how & 16) != 0 ? std::optional<std::uint8_t>(13) : std::nullopt;
    stream.configure(format, now);
  };
  configure();

  std::deque<Running> taps;
  base::Time next_tick = now + milliseconds(20);
  const auto pass = [&](milliseconds length) {
    const base::Time until = now + length;
    for (; next_tick <= until; next_tick += milliseconds(20)) {
      stream.adapt();
      stream.tick(next_tick);
      for (Running& one : taps) one.drain();
    }
    now = until;
    events.drain([](const media::Event&) {});
  };

  std::uint16_t sequence = 1;
  std::uint32_t timestamp = 0, ssrc = 7;
  double total = 0;
  while (!input.is_empty() && total < 20'000) {
    switch (input.byte() % 16) {
      case 0:
        configure();
        break;
      case 1:
        if (taps.size() < 3) {
          record::Settings settings;
          settings.direction = record::Direction::send;
          settings.format = "wav";
          taps.emplace_back().begun = now;
          stream.add_tap(taps.size(), {settings, &taps.back().track}, now);
        }
        break;
      case 2: {
        const int length = input.byte() * 4;
        total += length;
        pass(milliseconds(length));
        break;
      }
      case 3:
        timestamp += static_cast<std::uint32_t>(input.byte()) << (input.byte() % 25);
        break;
      case 4:
        sequence = static_cast<std::uint16_t>(sequence + static_cast<std::int8_t>(input.byte()));
        break;
      case 5:
        ssrc += input.byte() & 1U;
        break;
      default: {
        const std::uint8_t what = input.byte();
        const std::uint8_t pick = what % 4;
        const std::uint8_t type = pick == 0   ? format.payload_type
                                  : pick == 1 ? format.also.front().payload_type
                                  : pick == 2 ? std::uint8_t{101}
                                              : std::uint8_t{13};
        const auto payload = input.take(what >> 2);
        std::vector<std::uint8_t> bytes(rtp::kHeaderSize + payload.size());
        rtp::Packet{.payload_type = type,
                    .marker = (what & 0x80) != 0,
                    .sequence = sequence++,
                    .timestamp = timestamp,
                    .ssrc = ssrc,
                    .payload = {}}
            .write_header(bytes);
        std::copy(payload.begin(), payload.end(), bytes.begin() + rtp::kHeaderSize);
        stream.receive_rtp(bytes, format.remote_rtp, now);
        timestamp += 160;
        total += 5;
        pass(milliseconds(5));
      }
    }
  }
  stream.finish(now);
  for (Running& one : taps) one.check(now);
  return 0;
}
