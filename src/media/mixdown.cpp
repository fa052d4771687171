#include "media/mixdown.hpp"

#include <algorithm>
#include <cmath>

namespace media {
namespace {

constexpr std::uint8_t bit(Kind kind) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(kind)); }

Kind verdict(std::uint8_t kinds) {
  for (const Kind kind : {Kind::received, Kind::lost, Kind::repaired, Kind::noise, Kind::silent, Kind::held}) {
    if ((kinds & bit(kind)) != 0) return kind;
  }
  return Kind::silent;
}

}  // namespace

Mixdown::Mixdown(const Timeline& timeline, Position start)
    : timeline_(timeline),
      done_(std::max<Position>(start, 0) / size() * size()),
      end_(done_),
      sums_(static_cast<std::size_t>(kFrames * size())) {}

Mixdown::~Mixdown() {
  for (const auto& member : members_) member->stream().detach(*member);
}

void Mixdown::join(Stream& stream, Position from) {
  members_.push_back(std::make_unique<Member>(*this, stream, std::max(from, done_)));
  stream.attach(*members_.back());
}

void Mixdown::leave(Stream& stream, Position until) {
  for (const auto& member : members_) {
    if (&member->stream() == &stream) member->leave(until);
  }
}

void Mixdown::forget(Stream& stream) {
  std::erase_if(members_, [&](const auto& member) {
    if (&member->stream() != &stream) return false;
    stream.detach(*member);
    return true;
  });
}

bool Mixdown::waits_for(const Stream& stream) const {
  return std::any_of(members_.begin(), members_.end(), [&](const auto& member) {
    return &member->stream() == &stream && member->has_left() && !member->is_done();
  });
}

Position Mixdown::complete_until() const {
  Position until = kOpen;
  for (const auto& member : members_) {
    if (!member->is_done() && member->stream().is_configured()) until = std::min(until, member->cursor());
  }
  return until;
}

void Mixdown::drop_those_done() {
  std::erase_if(members_, [](const auto& member) {
    if (!member->is_done()) return false;
    member->stream().detach(*member);
    return true;
  });
}

void Mixdown::play(Position at, std::span<const std::int32_t> audio) {
  for (const std::int32_t sample : audio) {
    if (at >= done_ && at < done_ + kFrames * size()) {
      sum(at) += sample;
      kinds(at) |= bit(Kind::received);
    }
    ++at;
  }
  end_ = std::max(end_, std::min(at, done_ + kFrames * size()));
}

// µ-law's negative zero stands as -1; many of them would be a hum of their own.
void Mixdown::add(Position at, std::span<const std::int16_t> audio, bool is_mulaw) {
  for (const std::int16_t sample : audio) sum(at++) += is_mulaw && sample == -1 ? 0 : sample;
  end_ = std::max(end_, at);
}

Frame Mixdown::next() {
  const auto count = static_cast<std::size_t>(size());
  const std::span<std::int32_t> sums(&sum(done_), count);
  frame_sum_.clear(count);
  frame_sum_.add(sums);
  limiter_.follow(frame_sum_);
  const std::span<std::int16_t> mix(mix_.data(), count);
  limiter_.apply(frame_sum_, {}, mix);
  origins_.clear();
  origins_.add(verdict(kinds(done_)), count);
  const Frame frame{
      .position = done_, .send = mix, .recv = mix, .origins = &origins_, .packets = std::exchange(packets_, {})};
  std::fill(sums.begin(), sums.end(), 0);
  kinds(done_) = 0;
  done_ += size();
  end_ = std::max(end_, done_);
  return frame;
}

void Mixdown::change_rate(std::uint32_t from) {
  const std::uint32_t to = timeline_.rate;
  const Position old_size = from / 50;
  std::vector<float> waiting;
  for (Position at = done_; at < end_; ++at) {
    waiting.push_back(static_cast<float>(sums_[static_cast<std::size_t>(at % (kFrames * old_size))]));
  }
  done_ = scaled(done_, from, to);
  end_ = scaled(end_, from, to);
  sums_.assign(static_cast<std::size_t>(kFrames * size()), 0);
  Position at = done_;
  for (const float sample : raised(waiting, from, to)) sum(at++) = static_cast<std::int32_t>(std::lround(sample));
  for (const auto& member : members_) member->change_rate(from, to);
}

// ---- a member ----

void Mixdown::Member::change_rate(std::uint32_t from, std::uint32_t to) {
  from_ = scaled(from_, from, to);
  if (has_left()) until_ = scaled(until_, from, to);
  cursor_ = scaled(cursor_, from, to);
  placed_ = false;
}

// Where a frame begins on the bridge's timeline; those behind follow it. What comes out of the upsampler is late.
void Mixdown::Member::place(const Frame& frame) {
  const Timeline& own = stream_->timeline();
  const std::uint32_t to = mixdown_.timeline_.rate;
  if (placed_ && up_.from() == own.rate) return;
  up_.configure(own.rate, to);
  up_.restart();
  from_ = std::max(from_, cursor_);
  cursor_ = mixdown_.timeline_.at(own.time(frame.position));
  if (own.rate != to) cursor_ -= scaled(static_cast<Position>(audio::Interpolator::kReach), own.rate, to);
  placed_ = true;
}

void Mixdown::Member::take(const Frame& frame) {
  if (is_done()) return;
  place(frame);
  std::array<std::int16_t, kMaxFrame + 8> raised;
  std::span<const std::int16_t> audio = frame.send;
  if (up_.from() != up_.to()) audio = std::span(raised).first(up_.process(frame.send, raised));

  const Position begin = std::max({cursor_, from_, mixdown_.done_});
  const Position end =
      std::min({cursor_ + static_cast<Position>(audio.size()), until_, mixdown_.done_ + kFrames * mixdown_.size()});
  if (begin < end) {
    mixdown_.add(begin, audio.subspan(static_cast<std::size_t>(begin - cursor_), static_cast<std::size_t>(end - begin)),
                 frame.is_mulaw);
    mark(frame, begin, end);
  }
  cursor_ += static_cast<Position>(audio.size());
}

void Mixdown::Member::mark(const Frame& frame, Position begin, Position end) {
  PacketCounts& sum = mixdown_.packets_;
  sum.received += frame.packets.received;
  sum.lost += frame.packets.lost;
  sum.late += frame.packets.late;
  sum.duplicate += frame.packets.duplicate;
  sum.late_samples += frame.packets.late_samples;
  sum.duplicate_samples += frame.packets.duplicate_samples;
  for (std::size_t at = 0; at < frame.send.size();) {
    const Origins::Piece piece = frame.origins->at(at);
    const std::size_t stop = std::min(piece.end, frame.send.size());
    const Position first = std::max(begin, cursor_ + scaled(static_cast<Position>(at), up_.from(), up_.to()));
    const Position last = std::min(end, cursor_ + scaled(static_cast<Position>(stop), up_.from(), up_.to()));
    if (first < last) {
      mixdown_.kinds(first) |= bit(piece.kind);
      mixdown_.kinds(last - 1) |= bit(piece.kind);
    }
    at = stop;
  }
}

}  // namespace media
