#include "media/playout.hpp"

#include <algorithm>
#include <utility>

namespace media {
namespace {

constexpr std::chrono::milliseconds kMaxEarly{300};
// Only reached through damage; it keeps a silly number from making a packet that never ends.
constexpr Position kMaxDuration = 1500;

}  // namespace

Playout::Playout(std::uint32_t rate, std::chrono::milliseconds depth)
    : rate_(rate),
      anchor_({.depth = depth.count() * rate / 1000, .max_early = kMaxEarly.count() * rate / 1000}),
      concealer_(rate) {}

void Playout::set_decoder(std::uint8_t payload_type, const codec::Codec* codec) {
  Decoding& decoding = decoders_[payload_type & 127U];
  if (decoding.codec == codec) return;
  decoding.codec = codec;
  // The timeline's rate is fixed by the first codec of the call; one of another rate cannot be placed on it.
  decoding.decoder = codec != nullptr && codec->sample_rate({}) == rate_ ? codec->make_decoder({}) : nullptr;
}

Playout::Verdict Playout::insert(const Arrival& arrival) {
  const Decoding& decoding = decoders_[arrival.payload_type & 127U];
  Position duration = 0;
  const bool is_audio = arrival.is_audio && !arrival.payload.empty();  // empty: a keepalive (RFC 6263 §4.1)
  if (is_audio) {
    if (!decoding.decoder) return Verdict::malformed;
    const std::uint32_t clock = decoding.codec->rtp_clock();
    duration = static_cast<Position>(decoding.codec->duration(arrival.payload)) * rate_ / clock;
    if (duration == 0 || duration > kMaxDuration) return Verdict::malformed;
  }
  if (arrival.new_source) {
    anchor_.restart();
    if (begun_) sequence_shift_ = newest_sequence_ + 1 - arrival.sequence;
  }
  const bool newest = arrival.newest || arrival.new_source || !begun_;
  const std::int64_t sequence = arrival.sequence + sequence_shift_;
  // An event keeps the timestamp of its beginning: it says nothing about the clock.
  Position position = newest_position_;
  if (is_audio) {
    position = anchor_.place({.timestamp = arrival.timestamp,
                              .duration = duration,
                              .marker = arrival.marker,
                              .newest = newest,
                              .arrival = arrival.position},
                             cursor_);
    // From before a jump of the timestamps: it has no place in the order any more.
    if (!newest && position > newest_position_) return Verdict::late;
  }
  if (newest) {
    newest_sequence_ = sequence;
    newest_position_ = position;
    begun_ = true;
  }
  const bool passed = is_audio && position + duration <= cursor_;
  switch (buffer_.insert({.sequence = sequence,
                          .position = position,
                          .duration = static_cast<std::uint32_t>(duration),
                          .payload_type = arrival.payload_type,
                          .payload = arrival.payload})) {
    case rtp::JitterBuffer::Verdict::duplicate:
      ++counts_.duplicate;
      return Verdict::duplicate;
    case rtp::JitterBuffer::Verdict::late:
      ++counts_.late;
      return Verdict::late;
    case rtp::JitterBuffer::Verdict::too_long:
      return Verdict::malformed;
    case rtp::JitterBuffer::Verdict::stored:
      break;
  }
  if (!passed) return Verdict::taken;
  ++counts_.late;  // stored to keep the order; it will be passed over
  return Verdict::late;
}

void Playout::render(std::span<std::int16_t> out, Origins& origins) {
  while (!out.empty()) {
    std::size_t count = 0;
    if (block_begin_ < block_end_) {
      count = std::min(out.size(), block_end_ - block_begin_);
      std::copy_n(&block_[block_begin_], count, out.data());
      block_begin_ += count;
      origins.add(Kind::received, count);
      concealed_ = quiet_ = 0;
    } else {
      const Item* item = due();
      if (item != nullptr && item->position <= cursor_) {
        decode(*item);
        continue;
      }
      count = out.size();
      bool lost = false;
      if (item != nullptr) {
        count = std::min(count, static_cast<std::size_t>(item->position - cursor_));
        lost = buffer_.has_popped() && item->sequence > buffer_.next();
      }
      fill(out.first(count), lost, origins);
    }
    cursor_ += static_cast<Position>(count);
    out = out.subspan(count);
  }
}

void Playout::skip(std::size_t samples) {
  cursor_ += static_cast<Position>(samples);
  block_begin_ = std::min(block_end_, block_begin_ + samples);
  due();
}

// The packet to be played next: those whose time has passed, and those that are no audio, are out of the way then.
const Playout::Item* Playout::due() {
  for (;;) {
    const Item* item = buffer_.front();
    if (item == nullptr) return nullptr;
    const bool in_order = buffer_.has_popped() && item->sequence == buffer_.next();
    const bool passed = item->position + static_cast<Position>(item->duration) <= cursor_;
    if (!passed && !(item->duration == 0 && in_order)) return item;
    count_gap(*item);
    if (item->duration == 0) ++counts_.received;  // audio that has passed was counted as late
    buffer_.pop();
  }
}

void Playout::count_gap(const Item& item) {
  if (!buffer_.has_popped() || item.sequence <= buffer_.next()) return;
  const std::int64_t missing = item.sequence - buffer_.next();
  lost_ += static_cast<std::uint64_t>(missing);
  counts_.lost += static_cast<std::uint32_t>(missing);
}

// Into block_, from the cursor on; false if nothing came of it.
bool Playout::decode(const Item& item) {
  count_gap(item);
  ++counts_.received;
  block_begin_ = block_end_ = 0;
  const auto& decoder = decoders_[item.payload_type & 127U].decoder;
  if (decoder) {
    const std::size_t count = decoder->decode(item.payload, block_);
    concealer_.receive({block_.data(), count});
    block_end_ = count;
    block_begin_ = std::min(count, static_cast<std::size_t>(cursor_ - item.position));
  }
  buffer_.pop();
  return block_begin_ < block_end_;
}

void Playout::fill(std::span<std::int16_t> out, bool lost, Origins& origins) {
  const std::size_t most = Concealer::kMostMs * rate_ / 1000;
  // A gap that had to begin as silence, because nothing had come that could tell, stays silence.
  if (lost && quiet_ == 0 && concealed_ < most) {
    const std::size_t count = std::min(out.size(), most - concealed_);
    concealer_.conceal(out.first(count));
    concealed_ += count;
    origins.add(Kind::repaired, count);
    out = out.subspan(count);
  }
  if (!out.empty()) fill_silence(out, origins);
}

void Playout::fill_silence(std::span<std::int16_t> out, Origins& origins) {
  std::fill(out.begin(), out.end(), std::int16_t{0});
  // The concealer hears it too, until it has heard nothing else.
  if (quiet_ < concealer_.history() && concealed_ == 0) concealer_.receive(out);
  quiet_ += out.size();
  origins.add(Kind::silent, out.size());
}

PacketCounts Playout::take_counts() { return std::exchange(counts_, {}); }

}  // namespace media
