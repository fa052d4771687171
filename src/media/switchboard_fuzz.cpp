// Conferences under arbitrary commands: parties of every codec come, are joined to each other and to bridges in any
// way, change their codec, are muted and go; recordings and outputs begin and end anywhere. What must hold: each
// recording of a bridge is exactly as long as it ran, every output's end is told once, and nothing crashes.
#include <array>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "media/switchboard.hpp"
#include "rtp/packet.hpp"

namespace {

using base::milliseconds;

class NoNetwork final : public media::Transport {
 public:
  bool send_rtp(std::span<const std::uint8_t>, const net::Address&) override { return true; }
  bool send_rtcp(std::span<const std::uint8_t>, const net::Address&) override { return true; }
};

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}
  bool is_empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t taken = rest_.front();
    rest_ = rest_.subspan(1);
    return taken;
  }

 private:
  std::span<const std::uint8_t> rest_;
};

class Feed final : public play::Feed {
 public:
  Feed(std::uint32_t rate, int frames) : rate_(rate), frames_(frames) {}
  std::uint32_t rate() const override { return rate_; }
  bool read(std::span<std::int16_t> out) override {
    if (told_ || frames_ <= 0) std::abort();  // read behind its end
    for (std::int16_t& sample : out) sample = static_cast<std::int16_t>((noise_ = noise_ * 1664525 + 1013904223) >> 16);
    return --frames_ > 0;
  }
  bool told_ = false;

 private:
  const std::uint32_t rate_;
  int frames_;
  std::uint32_t noise_ = 1;
};

struct Recording {
  record::Track track{8000, 1, 2};
  base::Time begun{};
  std::optional<base::Time> ended;
  double seconds = 0;

  void drain() {
    std::vector<std::int16_t> block(record::Track::kMaxBlock);
    while (const auto next = track.next(block)) seconds += static_cast<double>(next->samples) / next->rate;
  }
  void check() {
    drain();
    if (!track.ended() || !ended) std::abort();
    // Positions are whole samples; a change of rate rounds them.
    if (std::abs(seconds - std::chrono::duration<double>(*ended - begun).count()) > 0.002) std::abort();
  }
};

class Conferences {
 public:
  explicit Conferences(Input input) : input_(input) {
    events_.make_room(1000, 1000);
    for (std::uint32_t id = 101; id <= 102; ++id) {
      switchboard_.add(std::make_unique<media::Bridge>(media::EndpointRef{id}, now_, milliseconds(200), events_));
    }
  }

  void run() {
    while (!input_.is_empty() && now_ < kStart + std::chrono::seconds(20)) {
      step();
      pass(input_.byte() % 8);
    }
    for (auto& [id, recording] : recordings_) stop(id);
    while (!streams_.empty()) hang_up();
    pass(20);
    for (const auto& bridge : switchboard_.bridges()) bridge->finish();
    tell();
    for (auto& [id, recording] : recordings_) recording.check();
    for (const Feed& feed : feeds_) {
      if (!feed.told_) std::abort();
    }
  }

 private:
  static inline const base::Time kStart = base::Time{} + std::chrono::hours(1);

  media::Stream* stream() { return streams_.empty() ? nullptr : streams_[input_.byte() % streams_.size()].get(); }
  media::Bridge& bridge() { return *switchboard_.bridges()[input_.byte() % 2]; }
  static media::Format format(std::uint8_t pick) {
    const auto codecs = codec::codecs();
    media::Format made;
    made.codec = codecs[pick % codecs.size()];
    made.payload_type = 96;
    made.ptime = milliseconds(10 + pick % 6 * 10);
    made.remote_rtp = *net::Address::parse("192.0.2.1:4000");
    return made;
  }

  void step() {
    switch (input_.byte() % 12) {
      case 0:
      case 1:
        if (streams_.size() == 6) break;
        streams_.push_back(std::make_unique<media::Stream>(
            media::EndpointRef{++last_id_}, media::Stream::Options{.idle = media::Idle::none},
            rtp::NtpClock{.ntp_at_origin = 1, .origin = now_}, network_, events_));
        if (input_.byte() % 8 != 0) streams_.back()->configure(format(input_.byte()), now_);
        break;
      case 2:
        if (auto* one = stream()) one->configure(format(input_.byte()), now_);
        break;
      case 3:
      case 4:
        if (auto* one = stream()) {
          const std::uint8_t how = input_.byte();
          switchboard_.join(*one, bridge(), (how & 1) != 0, (how & 2) != 0, now_);
        }
        break;
      case 5:
        if (auto* one = stream()) switchboard_.unjoin(*one, bridge(), now_);
        break;
      case 6: {
        auto* one = stream();
        auto* other = stream();
        const std::uint8_t how = input_.byte();
        if (one != nullptr && one != other) switchboard_.join(*one, *other, (how & 1) != 0, (how & 2) != 0);
        break;
      }
      case 7:
        if (!streams_.empty() && input_.byte() % 4 == 0) hang_up();
        break;
      case 8: {
        const auto id = static_cast<media::TapId>(recordings_.size() + 1);
        if (id > 8) break;
        Recording& recording = recordings_[id];
        recording.begun = now_;
        bridges_of_[id] = input_.byte() % 2;
        switchboard_.bridges()[bridges_of_[id]]->add_tap(id, {{}, &recording.track}, now_);
        break;
      }
      case 9:
        if (!recordings_.empty()) stop(1 + input_.byte() % recordings_.size());
        break;
      case 10: {
        if (feeds_.size() == 8) break;
        constexpr std::array<std::uint32_t, 6> kRates = {8000, 11025, 16000, 44100, 48000, 96000};
        feeds_.emplace_back(kRates[input_.byte() % kRates.size()], 1 + input_.byte() % 100);
        auto* one = input_.byte() % 2 == 0 ? stream() : nullptr;
        if (one != nullptr) {
          one->add_output(feeds_.size(), feeds_.back());
        } else {
          bridge().add_output(feeds_.size(), feeds_.back());
        }
        break;
      }
      default:
        if (auto* one = stream()) one->mute((input_.byte() & 1) != 0, now_);
    }
  }

  void stop(media::TapId id) {
    Recording& recording = recordings_[id];
    if (recording.ended) return;
    recording.ended = now_;
    switchboard_.bridges()[bridges_of_[id]]->stop_tap(id, record::EndReason::stop, now_);
  }

  void hang_up() {
    const auto gone = std::move(streams_.back());
    streams_.pop_back();
    switchboard_.leave(*gone, now_);
    gone->finish(now_);
    switchboard_.forget(*gone);
    tell();
  }

  void pass(int ticks) {
    for (int i = 0; i < ticks; ++i) {
      now_ += milliseconds(20);
      for (const auto& one : streams_) one->adapt();
      switchboard_.adapt();
      std::array<std::uint8_t, rtp::kHeaderSize + 160> packet;
      packet.fill(input_.byte());
      for (const auto& one : streams_) {
        rtp::Packet{.payload_type = 96, .sequence = sequence_, .timestamp = sequence_ * 160U, .ssrc = 7, .payload = {}}
            .write_header(packet);
        one->receive_rtp(packet, *net::Address::parse("192.0.2.1:4000"), now_);
        one->tick(now_);
      }
      ++sequence_;
      const media::Beat beat = media::Beat::at(now_);
      for (const auto& one : streams_) one->begin_beat(beat);
      switchboard_.carry(beat);
      for (const auto& one : streams_) one->end_beat(beat);
      switchboard_.advance(now_);
      for (auto& [id, recording] : recordings_) recording.drain();
      tell();
    }
  }

  void tell() {
    events_.drain([this](const media::Event& event) {
      const auto* ended = std::get_if<media::OutputEnded>(&event);
      if (ended == nullptr) return;
      if (std::exchange(feeds_[static_cast<std::size_t>(ended->output - 1)].told_, true)) std::abort();
    });
  }

  Input input_;
  NoNetwork network_;
  media::EventQueue events_;
  base::Time now_ = kStart;
  std::deque<Feed> feeds_;
  std::map<media::TapId, Recording> recordings_;
  std::map<media::TapId, std::size_t> bridges_of_;
  media::Switchboard switchboard_;
  std::vector<std::unique_ptr<media::Stream>> streams_;
  std::uint32_t last_id_ = 0;
  std::uint16_t sequence_ = 1;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Conferences(Input(data, size)).run();
  return 0;
}
