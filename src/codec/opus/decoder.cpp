#include "codec/opus/decoder.hpp"

#include <algorithm>

namespace codec::opus {
namespace {

constexpr std::size_t kMostFrames = 48;  // in a packet, RFC 6716 §3.2.5

struct Frames {
  int count = 0;  // below 1: malformed
  std::array<const unsigned char*, kMostFrames> data;
  std::array<opus_int16, kMostFrames> size;
};

Frames parse(std::span<const std::uint8_t> payload) {
  Frames frames;
  if (payload.empty()) return frames;
  frames.count = opus_packet_parse(payload.data(), static_cast<opus_int32>(payload.size()), nullptr, frames.data.data(),
                                   frames.size.data(), nullptr);
  return frames;
}

bool is_celt(std::span<const std::uint8_t> payload) { return (payload[0] & 0x80) != 0; }

}  // namespace

std::uint32_t payload_samples(std::span<const std::uint8_t> payload, std::uint32_t rate) {
  const Frames frames = parse(payload);
  if (frames.count < 1) return 0;
  const int each = opus_packet_get_samples_per_frame(payload.data(), static_cast<opus_int32>(rate));
  return static_cast<std::uint32_t>(frames.count * each);
}

// The header of the first frame: for each channel its SILK frames' voice activity, then whether there is redundancy
// (RFC 6716 §4.2.3). libopus can tell only since 1.5.
bool has_redundancy(std::span<const std::uint8_t> payload) {
  const Frames frames = parse(payload);
  if (frames.count < 1 || is_celt(payload) || frames.size[0] == 0) return false;
  const int silk_frames = std::max(1, opus_packet_get_samples_per_frame(payload.data(), 48000) / 960);
  const unsigned header = frames.data[0][0];
  const bool middle = (header >> (7 - silk_frames) & 1U) != 0;
  const bool side = opus_packet_get_nb_channels(payload.data()) == 2 && (header >> (6 - 2 * silk_frames) & 1U) != 0;
  return middle || side;
}

Decoder::Decoder(std::uint32_t rate) : rate_(rate), step_(rate / 50) {
  int error = OPUS_OK;
  state_.reset(opus_decoder_create(static_cast<opus_int32>(rate), 1, &error));
}

// Into block_, from its beginning; returns samples. No payload: concealment.
std::size_t Decoder::run(std::span<const std::uint8_t> payload, std::size_t samples, bool redundancy) {
  begin_ = end_ = 0;
  const int count =
      opus_decode(state_.get(), payload.empty() ? nullptr : payload.data(), static_cast<opus_int32>(payload.size()),
                  block_.data(), static_cast<int>(samples), redundancy ? 1 : 0);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void Decoder::restart() {
  opus_decoder_ctl(state_.get(), OPUS_RESET_STATE);
  was_celt_ = false;
  begin_ = end_ = 0;
}

std::size_t Decoder::decode(std::span<const std::uint8_t> payload, std::span<std::int16_t> out) {
  const std::size_t samples = payload_samples(payload, rate_);
  if (samples == 0) return 0;
  was_celt_ = is_celt(payload);
  step_ = std::min<std::size_t>(samples, rate_ / 50);
  const std::size_t count = std::min(run(payload, samples, false), out.size());
  std::copy_n(block_.begin(), count, out.begin());
  return count;
}

// In steps as long as the packets are: libopus fades with each step, however short (in steps of 2.5 ms a tone is at a
// third after 20 ms), and SILK drops what is left of its 10 ms. What is left over begins the next call, unless a packet
// has come.
std::size_t Decoder::conceal(std::span<std::int16_t> out) {
  for (std::size_t written = 0; written < out.size();) {
    if (begin_ == end_) {
      end_ = run({}, step_, false);
      if (end_ == 0) return written;
    }
    const std::size_t count = std::min(end_ - begin_, out.size() - written);
    std::copy_n(&block_[begin_], count, &out[written]);
    begin_ += count;
    written += count;
  }
  return out.size();
}

std::size_t Decoder::recover(std::span<const std::uint8_t> next, std::span<std::int16_t> out) {
  if (out.empty() || was_celt_ || !has_redundancy(next)) return 0;
  // One frame of it; what is missing before that is concealed.
  const auto frame =
      static_cast<std::size_t>(opus_packet_get_samples_per_frame(next.data(), static_cast<opus_int32>(rate_)));
  const std::size_t before = out.size() > frame ? conceal(out.first(out.size() - frame)) : 0;
  if (run(next, frame, true) != frame) return 0;
  const auto rest = out.subspan(before);
  std::copy_n(&block_[frame - rest.size()], rest.size(), rest.begin());
  return out.size();
}

}  // namespace codec::opus
