#include "record/track.hpp"

#include <array>
#include <cassert>
#include <new>
#include <utility>

namespace record {
namespace {

// Track::kMaxBlock fits an int16_t count.
static_assert(Track::kMaxBlock <= 32767);

constexpr std::size_t kHeader = 2;                 // words: count, label
constexpr std::size_t kLength = 4;                 // words: 64 bits
constexpr std::size_t kMark = kHeader + kLength;   // words
constexpr std::size_t kRoomForMarks = 16 * kMark;  // that audio leaves
constexpr std::int16_t kRelabel = 0x100;           // in a label, beside the kind

std::int16_t label(Kind kind) { return static_cast<std::int16_t>(kind); }

}  // namespace

Track::Track(std::uint32_t rate, int channels, double seconds, AudioMemory* memory)
    : channels_(channels),
      seconds_(seconds),
      memory_(memory),
      rate_(rate),
      writing_(make_segment(rate).release()),  // the chain is owned by its reader
      home_(writing_),
      reading_(writing_) {}

Track::~Track() {
  if (home_->use.load(std::memory_order_acquire) == Use::kept) delete home_;
  while (reading_ != nullptr) {
    Segment* const read = reading_;
    reading_ = read->next.load(std::memory_order_acquire);
    read->is_piece ? dispose(read) : delete read;
  }
}

std::unique_ptr<Track::Segment> Track::make_segment(std::uint32_t rate) const {
  const auto samples = static_cast<std::size_t>(seconds_ * rate) * static_cast<std::size_t>(channels_);
  return std::make_unique<Segment>(rate, samples + kMaxBlock + kRoomForMarks);
}

bool Track::push_audio(std::span<const std::int16_t> interleaved, Kind kind) {
  assert(interleaved.size() <= kMaxBlock && interleaved.size() % static_cast<std::size_t>(channels_) == 0);
  if (interleaved.empty()) return true;
  if (!make_room(kHeader + interleaved.size() + kRoomForMarks)) return false;
  // The header first: the consumer waits until the whole block is there.
  const std::array<std::int16_t, kHeader> header = {static_cast<std::int16_t>(interleaved.size()), label(kind)};
  writing_->ring.push(header);
  writing_->ring.push(interleaved);
  return true;
}

bool Track::has_room(std::size_t samples) { return make_room(kHeader + samples + 2 * kRoomForMarks); }

// The media path: neither allocates nor locks.
bool Track::make_room(std::size_t words) {
  // Out of the memory of all as soon as the writer has caught up.
  const bool is_guest = writing_->is_piece && writing_->ring.free() == writing_->ring.capacity() &&
                        home_->use.load(std::memory_order_relaxed) == Use::kept;
  if (!is_guest && writing_->ring.free() >= words) return true;
  Segment* const next = spare();
  if (next == nullptr) return false;
  append(next);
  return true;
}

// The ring of the track's own, where the writer is through with it; else a piece. Room for any block, or null.
Track::Segment* Track::spare() {
  Use kept = Use::kept;
  if (home_->use.compare_exchange_strong(kept, Use::in_chain, std::memory_order_acquire)) {
    home_->next.store(nullptr, std::memory_order_relaxed);
    return home_;
  }
  std::byte* const piece = memory_ == nullptr ? nullptr : memory_->take();
  return piece == nullptr ? nullptr : new (piece) Segment(rate_, piece);
}

void Track::append(Segment* segment) {
  writing_->next.store(segment, std::memory_order_release);  // from here on the old one is the consumer's alone
  writing_ = segment;
}

// Consumer: one that it has read.
void Track::dispose(Segment* segment) {
  if (segment->is_piece) {
    segment->~Segment();
    return memory_->give_back(reinterpret_cast<std::byte*>(segment));
  }
  Use in_chain = Use::in_chain;
  if (!segment->use.compare_exchange_strong(in_chain, Use::kept, std::memory_order_acq_rel)) delete segment;
}

bool Track::push_mark(Kind kind, std::uint64_t samples) { return push_length(label(kind), samples); }

bool Track::push_relabel(Kind kind, std::uint64_t samples) {
  return push_length(static_cast<std::int16_t>(label(kind) | kRelabel), samples);
}

bool Track::push_length(std::int16_t label, std::uint64_t samples) {
  if (samples == 0) return true;
  const auto word = [&](int number) { return static_cast<std::int16_t>(samples >> (16 * number)); };
  const std::array<std::int16_t, kMark> mark = {0, label, word(0), word(1), word(2), word(3)};
  return writing_->ring.push(mark);
}

void Track::change_rate(std::uint32_t rate) {
  if (rate == rate_) return;
  if (home_->use.exchange(Use::retired, std::memory_order_acq_rel) == Use::kept) delete home_;
  home_ = make_segment(rate).release();
  rate_ = rate;
  append(home_);
}

void Track::push_end(EndReason reason, const Stats& stats) {
  reason_ = reason;
  stats_ = stats;
  end_pushed_.store(true, std::memory_order_release);  // outside the ring: there is always room for it
}

bool Track::is_filling() const {
  return reading_->next.load(std::memory_order_acquire) != nullptr ||
         reading_->ring.size() > reading_->ring.capacity() / 3;
}

std::optional<Track::Block> Track::next(std::span<std::int16_t> out) {
  assert(out.size() >= kMaxBlock);
  // Read before the ring: an End, or a next ring, that is seen here has all of this ring's audio before it.
  const bool end_pushed = end_pushed_.load(std::memory_order_acquire);
  std::array<std::int16_t, kMark> words{};
  for (;;) {
    Segment* const following = reading_->next.load(std::memory_order_acquire);
    if (reading_->ring.peek(words) > 0) break;
    if (following == nullptr) {
      ended_ = end_pushed;
      return std::nullopt;
    }
    dispose(std::exchange(reading_, following));
  }
  base::Ring<std::int16_t>& ring = reading_->ring;
  const auto samples = static_cast<std::size_t>(words[0]);
  const std::size_t whole = samples > 0 ? kHeader + samples : kMark;
  if (ring.size() < whole) return std::nullopt;  // it is still being written
  Block block{.kind = static_cast<Kind>(words[1] & 0xff), .rate = reading_->rate, .samples = samples};
  if (samples > 0) {
    ring.pop(std::span(words).first(kHeader));
    ring.pop(out.first(samples));
    return block;
  }
  ring.pop(words);
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLength; ++i) {
    length |= std::uint64_t{static_cast<std::uint16_t>(words[kHeader + i])} << (16 * i);
  }
  ((words[1] & kRelabel) != 0 ? block.relabelled : block.skipped) = length;
  return block;
}

std::size_t Track::take(std::span<std::int16_t> out) {
  while (const auto block = next(out)) {
    if (block->samples > 0) return block->samples;
  }
  return 0;
}

}  // namespace record
