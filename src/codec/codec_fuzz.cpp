// Whatever a peer sends as payload: nothing is read or written out of bounds, nothing longer than asked for comes out,
// and a duration is what decoding gives.
//   input: codec, then operations: kind, room or length (2 bytes), payload length (2 bytes), payload
#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "codec/codec.hpp"
#include "codec/comfort_noise.hpp"

namespace {

constexpr std::int16_t kGuard = 0x5a5a;
constexpr std::size_t kMostRoom = 6000, kMostOperations = 200;

void require(bool holds) {
  if (!holds) std::abort();
}

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : left_(data, size) {}
  bool empty() const { return left_.empty(); }
  std::uint8_t byte() {
    if (left_.empty()) return 0;
    const std::uint8_t value = left_[0];
    left_ = left_.subspan(1);
    return value;
  }
  std::size_t number() {
    const std::size_t high = byte();
    return high << 8 | byte();
  }
  std::span<const std::uint8_t> bytes(std::size_t count) {
    const auto taken = left_.first(std::min(count, left_.size()));
    left_ = left_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const std::uint8_t> left_;
};

// Room of exactly that many samples, with guards around it.
class Room {
 public:
  explicit Room(std::size_t size) : all_(size + 2 * kSide, kGuard) {}
  std::span<std::int16_t> span() { return std::span(all_).subspan(kSide, all_.size() - 2 * kSide); }
  void check() const {
    for (std::size_t i = 0; i < kSide; ++i) require(all_[i] == kGuard && all_[all_.size() - 1 - i] == kGuard);
  }

 private:
  static constexpr std::size_t kSide = 64;
  std::vector<std::int16_t> all_;
};

void check_whole(const codec::Codec& codec, codec::Decoder& decoder, std::span<const std::uint8_t> payload,
                 std::string_view fmtp) {
  const std::uint64_t ticks = codec.duration(payload);
  require(ticks <= 65535 * 8);  // the longest datagram of GSM
  const auto samples = static_cast<std::size_t>(ticks * codec.sample_rate(fmtp) / codec.rtp_clock());
  Room room(samples);
  const std::size_t written = decoder.decode(payload, room.span());
  room.check();
  require(written == samples || written == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const auto codecs = codec::codecs();
  const codec::Codec& codec = *codecs[input.byte() % codecs.size()];
  static constexpr std::array<std::string_view, 3> kFmtps = {"", "sprop-maxcapturerate=16000",
                                                             "sprop-maxcapturerate=8000"};
  const std::string_view fmtp = kFmtps[input.byte() % kFmtps.size()];
  const auto decoder = codec.make_decoder(fmtp);
  codec::ComfortNoise noise(codec.sample_rate(fmtp));
  for (std::size_t i = 0; i < kMostOperations && !input.empty(); ++i) {
    const std::uint8_t kind = input.byte();
    Room room(input.number() % kMostRoom);
    // A copy of its own, so that reading beyond its end is seen.
    const auto given = input.bytes(input.number() % 2048);
    const std::vector<std::uint8_t> payload(given.begin(), given.end());
    std::size_t written = 0;
    switch (kind % 5) {
      case 0:
        written = decoder->decode(payload, room.span());
        break;
      case 1:
        written = decoder->conceal(room.span());
        break;
      case 2:
        written = decoder->recover(payload, room.span());
        break;
      case 3:
        check_whole(codec, *decoder, payload, fmtp);
        break;
      default:
        noise.set(payload);
        noise.render(room.span());
        break;
    }
    require(written <= room.span().size());
    room.check();
  }
  // What SDP may say.
  codec.sample_rate({reinterpret_cast<const char*>(data), size});
  return 0;
}
