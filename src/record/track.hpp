#pragma once
// The audio of one recording on its way from the media worker to the writer: blocks of interleaved 16-bit PCM that say
// what they are, marks, then one End. Lock-free and bounded.
//
//   worker (producer): push_audio() push_mark() … push_end()          writer (consumer): next() … until End
//
//   one ring for each rate:   [ring 8 kHz] ──next──▶ [ring 16 kHz] ──next──▶ …
//   where the writer stalls:  [ring 8 kHz] ──next──▶ [piece] ──next──▶ [piece] ──next──▶ [ring 8 kHz, empty again]
//   in a ring:                [count][kind][samples …]   or   [0][kind, what for][length: 4 words]
//
// Life: the writer makes it and frees it. The producer's last touch is push_end(); the writer frees the track only
// after it has taken the End (or after discard, when no producer was ever attached). A writer that fails (disk full)
// calls fail(): the producer sees is_failed() at its next tick and pushes End. Pieces are of the memory that all
// recordings share (record/audio_memory.hpp).

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/clock.hpp"
#include "base/ring.hpp"
#include "record/audio_memory.hpp"
#include "record/kind.hpp"
#include "record/settings.hpp"

namespace record {

class Track {
 public:
  // What comes out: audio (samples > 0) or a mark.
  struct Block {
    Kind kind = Kind::received;
    std::uint32_t rate = 0;        // of the samples and of the lengths
    std::size_t samples = 0;       // in `out`, interleaved
    std::uint64_t skipped = 0;     // samples (a channel) that are not among the audio: paused, overrun
    std::uint64_t relabelled = 0;  // the last so many samples that came as `silent` are `kind` after all
  };

  // Room for `seconds` of audio, and for more as long as there is `memory`, which outlives this.
  Track(std::uint32_t rate, int channels, double seconds = 5, AudioMemory* memory = nullptr);
  ~Track();
  Track(const Track&) = delete;
  Track& operator=(const Track&) = delete;

  int channels() const { return channels_; }

  // Producer, before anything is pushed: when the first sample was. Tracks of one recording are aligned by this.
  void set_start(base::Time start) { start_.store(start, std::memory_order_relaxed); }
  // Consumer. Nothing where it was not said.
  std::optional<base::Time> start() const {
    const base::Time start = start_.load(std::memory_order_relaxed);
    return start == base::Time() ? std::nullopt : std::optional(start);
  }

  // Producer. One block (a whole number of frames, at most kMaxBlock samples); false if the writer is too far behind,
  // and nothing was taken. Room for a few marks and the End is always kept.
  bool push_audio(std::span<const std::int16_t> interleaved, Kind kind = Kind::received);
  // Room for a block of so many samples, with all the marks that may come before it: there is, or is made.
  bool has_room(std::size_t samples);
  // A stretch that is not among the audio; false as above.
  bool push_mark(Kind kind, std::uint64_t samples);
  // The last `samples` that were pushed as `silent`, whatever lies between them, turned out to be `kind`.
  bool push_relabel(Kind kind, std::uint64_t samples);
  // What follows has this rate. Allocates (not in a tick): room for as many seconds as at the start.
  void change_rate(std::uint32_t rate);
  std::uint32_t rate() const { return rate_; }
  void push_end(EndReason reason, const Stats& stats);
  bool is_failed() const { return failed_->load(std::memory_order_acquire); }

  // Consumer.
  void fail() { failed_->store(true, std::memory_order_release); }
  // The same for somebody who does not know how long the track lives: is set to true by him.
  std::shared_ptr<std::atomic<bool>> failure() const { return failed_; }
  // The next block, its samples in `out` (at least kMaxBlock of room). Nothing: nothing is there now, or the End has
  // come: then ended() is true and reason() and stats() are set.
  std::optional<Block> next(std::span<std::int16_t> out);
  // For whom the audio is enough: the samples of the next block that has any; 0 as above.
  std::size_t take(std::span<std::int16_t> out);
  bool ended() const { return ended_; }
  // The End is on its way, perhaps behind audio that is still to be taken.
  bool is_ending() const { return end_pushed_.load(std::memory_order_acquire); }
  // More than a third full: the consumer should come soon.
  bool is_filling() const;
  EndReason reason() const { return reason_; }
  const Stats& stats() const { return stats_; }

  static constexpr std::size_t kMaxBlock = std::size_t{2} * 48 * 120;  // samples: stereo, 48 kHz, 120 ms

 private:
  // Of the rings of a track's own: once read it is kept for the producer, unless the rate has changed.
  enum class Use { in_chain, kept, retired };
  struct Segment {
    Segment(std::uint32_t segment_rate, std::size_t capacity) : rate(segment_rate), ring(capacity) {}
    Segment(std::uint32_t segment_rate, std::byte* piece)
        : rate(segment_rate),
          ring(std::span(reinterpret_cast<std::int16_t*>(piece + AudioMemory::kHeader),
                         AudioMemory::kAudio / sizeof(std::int16_t))),
          is_piece(true) {}
    const std::uint32_t rate;
    base::Ring<std::int16_t> ring;
    const bool is_piece = false;  // lies in one itself
    std::atomic<Use> use{Use::in_chain};
    std::atomic<Segment*> next{nullptr};  // set by the producer, which does not come back here then
  };

  std::unique_ptr<Segment> make_segment(std::uint32_t rate) const;
  bool make_room(std::size_t words);
  Segment* spare();
  void append(Segment* segment);
  void dispose(Segment* segment);
  bool push_length(std::int16_t label, std::uint64_t samples);

  const int channels_;
  const double seconds_;
  AudioMemory* const memory_;
  const std::shared_ptr<std::atomic<bool>> failed_ = std::make_shared<std::atomic<bool>>(false);  // see failure()
  std::atomic<bool> end_pushed_{false};
  std::atomic<base::Time> start_{base::Time()};
  EndReason reason_ = EndReason::error;
  Stats stats_;

  // The producer's.
  std::uint32_t rate_;
  Segment* writing_;
  Segment* home_;  // the ring of the track's own, of this rate

  // The consumer's.
  Segment* reading_;  // the first of those that are left
  bool ended_ = false;
};

}  // namespace record
