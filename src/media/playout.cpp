#include "media/playout.hpp"

#include <algorithm>
#include <utility>

namespace media {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMaxEarly{300};
// RFC 3551 wants no packet above 200 ms; only damage makes longer ones.
constexpr milliseconds kMaxDuration{120};
// Comfort noise goes on until audio comes; a party that is gone must not be noise for ever.
constexpr milliseconds kNoiseAfterCn{60000}, kNoiseAfterDtx{1000};
constexpr std::size_t kDtxPayload = 2;  // bytes: Opus' "nothing until further notice"

constexpr std::uint8_t kNoise = 0xfe;  // as an item's `decoding`

}  // namespace

Playout::Playout(std::uint32_t rate, milliseconds depth, bool settles)
    : rate_(rate), depth_(depth), settles_(settles), anchor_(anchor_options()), concealer_(rate), noise_(rate) {}

Anchor::Options Playout::anchor_options() const {
  return {.depth = most(depth_), .max_early = most(kMaxEarly), .rate = rate_, .settles = settles_};
}

void Playout::set_decoder(std::uint8_t payload_type, const codec::Codec& codec, const std::string& fmtp) {
  decodings_.set(payload_type, codec, fmtp, rate_);
  buffer_.grow(codec.largest_payload());
}

void Playout::change_rate(std::uint32_t rate) {
  const std::uint32_t from = std::exchange(rate_, rate);
  const auto scale = [&](auto& position) {
    position =
        static_cast<std::remove_reference_t<decltype(position)>>(scaled(static_cast<Position>(position), from, rate));
  };
  anchor_.change_rate(anchor_options());
  buffer_.change_each([&](Item& item) {
    scale(item.position);
    scale(item.duration);
  });
  // What is left of the packet being played. Its beginning is still there, as history.
  if (block_begin_ == block_end_) {
    finish_raising();
  } else if (raised_end_) {
    const std::array<std::int16_t, kMaxBlock> begun = block_;
    const std::size_t first = block_begin_, kept = block_end_;
    if (finish_raising()) {
      const std::size_t tail = std::min(block_end_, kMaxBlock - kept);
      std::copy_backward(block_.begin(), block_.begin() + static_cast<std::ptrdiff_t>(tail),
                         block_.begin() + static_cast<std::ptrdiff_t>(kept + tail));
      std::copy_n(begun.begin(), kept, block_.begin());
      block_begin_ = first;
      block_end_ = kept + tail;
    }
  }
  audio::Upsampler upsampler;
  upsampler.configure(from, rate);
  std::vector<std::int16_t> raised(scaled(static_cast<Position>(block_end_), from, rate) + rate);
  const std::vector<std::int16_t> tail(audio::Interpolator::kReach, block_end_ > 0 ? block_[block_end_ - 1] : 0);
  std::size_t count = upsampler.process({block_.data(), block_end_}, raised);
  count += upsampler.process(tail, std::span(raised).subspan(count));
  const auto late = static_cast<std::size_t>(scaled(audio::Interpolator::kReach, from, rate));
  scale(block_begin_);
  scale(block_end_);
  block_end_ = std::min(block_end_, block_.size());
  block_begin_ = std::min(block_begin_, block_end_);
  for (std::size_t i = block_begin_; i < block_end_; ++i) block_[i] = i + late < count ? raised[i + late] : 0;

  decodings_.change_rate(rate);
  if (last_ != nullptr && last_->rate < rate) last_->upsampler.restart_after({raw_.data(), raw_size_});
  concealer_ = Concealer(rate);
  if (block_begin_ > 0) concealer_.receive({block_.data(), block_begin_});
  noise_.emplace(rate);
  for (Position* position :
       {&cursor_, &newest_position_, &newest_duration_, &last_duration_, &noise_left_, &lost_before_})
    scale(*position);
  for (std::size_t* samples : {&made_up_, &quiet_, &untold_}) scale(*samples);
}

Playout::Verdict Playout::insert(const Arrival& arrival) {
  using Content = Arrival::Content;
  lateness_.reset();
  inserted_end_.reset();
  const std::uint8_t number = decodings_.of_type(arrival.payload_type);
  Content content = arrival.content;
  if (arrival.payload.empty()) content = Content::other;  // a keepalive (RFC 6263 §4.1)
  Position duration = 0;
  std::uint32_t clock = 0;
  if (content == Content::audio) {
    const Decoding* decoding = decodings_.find(number);
    if (decoding == nullptr) return Verdict::malformed;
    clock = decoding->codec->rtp_clock();
    duration = static_cast<Position>(decoding->codec->duration(arrival.payload)) * rate_ / clock;
    if (duration == 0 || duration > most(kMaxDuration)) return Verdict::malformed;
  }
  if (arrival.new_source) {
    anchor_.restart();
    if (begun_) sequence_shift_ = newest_sequence_ + 1 - arrival.sequence;
    new_source_at_ = arrival.sequence + sequence_shift_;
  }
  const bool newest = arrival.newest || arrival.new_source || !begun_;
  const std::int64_t sequence = arrival.sequence + sequence_shift_;
  // An event keeps the timestamp of its beginning: it says nothing about the clock.
  Position position = newest_position_;
  if (content == Content::audio) {
    position = anchor_.place({.timestamp = arrival.timestamp,
                              .clock = clock,
                              .duration = duration,
                              .marker = arrival.marker,
                              .newest = newest,
                              .arrival = arrival.position},
                             cursor_);
    lateness_ = anchor_.lateness();
    if (const auto [from, by] = anchor_.take_shift(); by != 0) {
      buffer_.change_each([from = from, by = by](Item& item) {
        if (item.position >= from) item.position += by;
      });
    }
    // From before a jump of the timestamps: it has no place in the order any more.
    if (!newest && position > newest_position_) {
      count_late(duration);
      return Verdict::late;
    }
  } else if (content == Content::noise) {
    position = std::max(newest_position_, anchor_.newest_end());  // it begins where the audio ended
  }
  if (content == Content::audio) inserted_end_ = position + duration;
  if (newest) {
    newest_sequence_ = sequence;
    newest_position_ = position;
    newest_duration_ = duration;
    begun_ = true;
  }
  const bool passed = content == Content::audio && position + duration <= cursor_;
  switch (buffer_.insert({.sequence = sequence,
                          .position = position,
                          .duration = static_cast<std::uint32_t>(duration),
                          .decoding = content == Content::noise ? kNoise : number,
                          .payload = arrival.payload})) {
    case rtp::JitterBuffer::Verdict::duplicate:
      ++counts_.duplicate;
      counts_.duplicate_samples += static_cast<std::uint32_t>(duration);
      return Verdict::duplicate;
    case rtp::JitterBuffer::Verdict::late:
      count_late(duration);
      return Verdict::late;
    case rtp::JitterBuffer::Verdict::too_long:
      return Verdict::malformed;
    case rtp::JitterBuffer::Verdict::stored:
      break;
  }
  if (!passed) return Verdict::taken;
  count_late(duration);  // stored to keep the order; it will be passed over
  return Verdict::late;
}

void Playout::count_late(Position duration) {
  ++counts_.late;
  counts_.late_samples += static_cast<std::uint32_t>(duration);
}

void Playout::render(std::span<std::int16_t> out, Origins& origins) {
  while (!out.empty()) {
    std::size_t count = 0;
    if (block_begin_ < block_end_) {
      count = std::min(out.size(), block_end_ - block_begin_);
      play_block(out.first(count), origins);
    } else {
      const Item* item = due();
      if (item != nullptr && (item->position <= cursor_ || follows(*item))) {
        decode(*item);
        continue;
      }
      count = out.size();
      bool lost = false;
      if (item != nullptr) {
        const Position gap = item->position - cursor_;
        count = static_cast<std::size_t>(std::min<Position>(static_cast<Position>(count), gap));
        lost = buffer_.has_popped() && item->sequence > buffer_.next();
        if (lost) tell_lost(item->sequence - buffer_.next());
        if (lost && make_up(gap, *item)) continue;
      }
      if (!lost && go_on_with_noise(count)) continue;
      if (finish_raising()) continue;
      fill(out.first(count), lost, origins);
    }
    cursor_ += static_cast<Position>(count);
    out = out.subspan(count);
  }
}

void Playout::play_block(std::span<std::int16_t> out, Origins& origins) {
  std::copy_n(&block_[block_begin_], out.size(), out.data());
  block_begin_ += out.size();
  origins.add(block_kind_, out.size());
  switch (block_kind_) {
    case Kind::repaired:
      made_up_ += out.size();
      break;
    case Kind::noise:
      quiet_ += out.size();
      break;
    default:
      made_up_ = quiet_ = untold_ = 0;
  }
}

void Playout::skip(std::size_t samples) {
  cursor_ += static_cast<Position>(samples);
  block_begin_ = std::min(block_end_, block_begin_ + samples);
  due();
}

Position Playout::shortage(Position until) {
  due();
  if (!begun_ || pausing_ || noise_left_ > 0) return 0;
  const Position end = received_end() - (last_ != nullptr ? delay(*last_) : 0);
  const bool in_pause = end <= cursor_ && quiet_ > 0;
  return in_pause || end >= until ? 0 : until - std::max(end, cursor_);
}

bool Playout::is_idle() { return block_begin_ == block_end_ && due() == nullptr && (quiet_ > 0 || !begun_); }

Position Playout::missing(Position until) {
  const Item* item = due();
  if (item == nullptr || !buffer_.has_popped() || item->sequence <= buffer_.next()) return 0;
  const Position begin = cursor_ + static_cast<Position>(block_end_ - block_begin_);
  return begin < until ? std::max<Position>(item->position - begin, 0) : 0;
}

void Playout::shorten_loss(Position length) {
  cursor_ += length;
  if (raised_end_) *raised_end_ += length;
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
    if (item->duration == 0) {
      ++counts_.received;  // audio that has passed was counted as late
      if (item->decoding == kNoise && noise_->set(item->payload)) {
        noise_from_cn_ = true;
        noise_left_ = most(kNoiseAfterCn);
      }
    }
    buffer_.pop();
  }
}

void Playout::count_gap(const Item& item) {
  if (!buffer_.has_popped() || item.sequence <= buffer_.next()) return;
  const std::int64_t missing = item.sequence - buffer_.next();
  lost_ += static_cast<std::uint64_t>(missing);
  counts_.lost += static_cast<std::uint32_t>(missing);
  tell_lost(missing);
}

// The silence before was one of which nothing could tell what it was.
void Playout::tell_lost(std::int64_t missing) {
  lost_before_ += std::min(static_cast<Position>(std::exchange(untold_, 0)), missing * last_duration_);
}

// Into block_, from the cursor on; false if nothing came of it.
bool Playout::decode(const Item& item) {
  count_gap(item);
  ++counts_.received;
  block_begin_ = block_end_ = 0;
  noise_left_ = 0;
  Decoding* decoding = decodings_.find(item.decoding);
  if (decoding != nullptr && decoding->rate <= rate_) {
    if (decoding != last_ || quiet_ > 0) decoding->upsampler.restart();
    const bool new_source = new_source_at_ && item.sequence >= *new_source_at_;
    if (new_source) new_source_at_.reset();
    if (decoding != last_ || new_source) decoding->decoder->restart();
    const Position first = item.position - delay(*decoding);
    const std::size_t count = raise(*decoding, decoding->decoder->decode(item.payload, raw_));
    last_ = decoding;
    raised_end_.reset();
    if (delay(*decoding) > 0) raised_end_ = item.position + item.duration;
    last_duration_ = item.duration;
    pausing_ = item.payload.size() <= kDtxPayload;
    concealer_.receive({block_.data(), count});
    block_kind_ = Kind::received;
    block_end_ = count;
    block_begin_ = std::min(count, static_cast<std::size_t>(std::max<Position>(cursor_ - first, 0)));
  }
  buffer_.pop();
  return block_begin_ < block_end_;
}

// What stands in raw_, at the timeline's rate, in block_.
std::size_t Playout::raise(Decoding& decoding, std::size_t samples) {
  raw_size_ = samples;
  if (decoding.rate == rate_) {
    std::copy_n(raw_.begin(), samples, block_.begin());
    return samples;
  }
  return decoding.upsampler.process({raw_.data(), samples}, block_);
}

// By how much what comes out of the decoding's upsampler is late.
Position Playout::delay(const Decoding& decoding) const {
  if (decoding.rate == rate_) return 0;
  return scaled(static_cast<Position>(audio::Interpolator::kReach), decoding.rate, rate_);
}

// It goes on where the audio ends that is still in the upsampler.
bool Playout::follows(const Item& item) const {
  if (!raised_end_ || decodings_.find(item.decoding) != last_) return false;
  constexpr Position kRounding = 2;
  return item.position <= *raised_end_ + kRounding && item.position >= *raised_end_ - kRounding;
}

// The rest of what is in the upsampler, into block_; false if nothing is.
bool Playout::finish_raising() {
  if (!raised_end_) return false;
  raised_end_.reset();
  std::array<std::int16_t, audio::Interpolator::kReach> hold;
  hold.fill(raw_size_ > 0 ? raw_[raw_size_ - 1] : std::int16_t{0});
  block_begin_ = 0;
  block_end_ = last_->upsampler.process(hold, block_);
  last_->upsampler.restart();
  return block_end_ > 0;
}

// One packet's worth by the codec itself: out of the next packet, or out of its own state.
bool Playout::make_up(Position gap, const Item& next) {
  if (last_ == nullptr || last_duration_ == 0 || quiet_ > 0) return false;
  if (made_up_ >= static_cast<std::size_t>(most(milliseconds(Concealer::kMostMs)))) return false;
  if (raised_end_) gap = next.position - *raised_end_;
  const Position length = std::min(gap, last_duration_);
  if (length <= 0) return false;
  const auto wanted = static_cast<std::size_t>(scaled(length, rate_, last_->rate));
  if (wanted == 0 || wanted > raw_.size()) return false;
  const std::span<std::int16_t> out(raw_.data(), wanted);
  std::size_t made = 0;
  if (gap <= last_duration_ && decodings_.find(next.decoding) == last_) {
    made = last_->decoder->recover(next.payload, out);
  }
  if (made == 0) made = last_->decoder->conceal(out);
  if (made == 0) return false;
  const std::size_t count = raise(*last_, made);
  if (raised_end_) *raised_end_ += length;
  concealer_.receive({block_.data(), count});
  block_kind_ = Kind::repaired;
  block_begin_ = 0;
  block_end_ = count;
  return count > 0;
}

// After RFC 3389's packet, or a codec's own announcement, that the party is silent.
bool Playout::go_on_with_noise(std::size_t at_most) {
  if (pausing_) {
    pausing_ = false;
    noise_from_cn_ = false;
    noise_left_ = most(kNoiseAfterDtx);
  }
  if (noise_left_ <= 0) return false;
  const Position length = std::min({noise_left_, most(kTick), static_cast<Position>(at_most)});
  noise_left_ -= length;
  std::size_t count = 0;
  if (noise_from_cn_) {
    count = static_cast<std::size_t>(length);
    noise_->render({block_.data(), count});
  } else if (last_ != nullptr) {
    const auto wanted = static_cast<std::size_t>(scaled(length, rate_, last_->rate));
    count = raise(*last_, last_->decoder->conceal({raw_.data(), wanted}));
    if (raised_end_) *raised_end_ += length;
  }
  if (count == 0) return noise_left_ = 0, false;
  concealer_.receive({block_.data(), count});
  block_kind_ = Kind::noise;
  block_begin_ = 0;
  block_end_ = count;
  return true;
}

void Playout::fill(std::span<std::int16_t> out, bool lost, Origins& origins) {
  const auto limit = static_cast<std::size_t>(most(milliseconds(Concealer::kMostMs)));
  // A gap that had to begin as silence, because nothing had come that could tell, stays silence.
  if (lost && quiet_ == 0 && made_up_ < limit) {
    const std::size_t count = std::min(out.size(), limit - made_up_);
    concealer_.conceal(out.first(count));
    made_up_ += count;
    origins.add(Kind::repaired, count);
    out = out.subspan(count);
  }
  if (!out.empty()) fill_silence(out, lost, origins);
}

void Playout::fill_silence(std::span<std::int16_t> out, bool lost, Origins& origins) {
  std::fill(out.begin(), out.end(), std::int16_t{0});
  // The concealer hears it too, until it has heard nothing else.
  if (quiet_ < concealer_.history() && made_up_ == 0) concealer_.receive(out);
  if (!lost) untold_ += out.size();
  quiet_ += out.size();
  origins.add(lost ? Kind::lost : Kind::silent, out.size());
}

PacketCounts Playout::take_counts() { return std::exchange(counts_, {}); }
Position Playout::take_lost_before() { return std::exchange(lost_before_, 0); }

}  // namespace media
