#pragma once
// The audio of one recording on its way from the media worker to the writer: blocks of interleaved 16-bit PCM, then one
// End. Lock-free and bounded.
//
//   worker (producer): push_audio() … push_end()          writer (consumer): take() … until End
//
// Life: the writer makes it and frees it. The producer's last touch is push_end(); the writer frees the track only
// after it has taken the End (or after discard, when no producer was ever attached). A writer that fails (disk full)
// calls fail(): the producer sees is_failed() at its next tick and pushes End.

#include <atomic>
#include <cstdint>
#include <span>

#include "base/ring.hpp"
#include "record/settings.hpp"

namespace record {

class Track {
 public:
  // Room for `seconds` of audio.
  Track(std::uint32_t rate, int channels, double seconds = 5);

  std::uint32_t rate() const { return rate_; }
  int channels() const { return channels_; }

  // Producer. One block (a whole number of frames, at most kMaxBlock samples); false if the writer is too far behind,
  // and nothing was taken. Room for the End is always kept.
  bool push_audio(std::span<const std::int16_t> interleaved);
  void push_end(EndReason reason, const Stats& stats);
  bool is_failed() const { return failed_.load(std::memory_order_acquire); }

  // Consumer.
  void fail() { failed_.store(true, std::memory_order_release); }
  // The next samples in `out` (at least kMaxBlock of room), their count returned; 0: nothing there now, or the End has
  // come: then ended() is true and reason() and stats() are set.
  std::size_t take(std::span<std::int16_t> out);
  bool ended() const { return ended_; }
  // The End is on its way, perhaps behind audio that is still to be taken.
  bool is_ending() const { return end_pushed_.load(std::memory_order_acquire); }
  EndReason reason() const { return reason_; }
  const Stats& stats() const { return stats_; }

  static constexpr std::size_t kMaxBlock = std::size_t{2} * 48 * 120;  // samples: stereo, 48 kHz, 120 ms

 private:
  const std::uint32_t rate_;
  const int channels_;
  base::Ring<std::int16_t> ring_;
  std::atomic<bool> failed_{false};
  std::atomic<bool> end_pushed_{false};
  bool ended_ = false;
  EndReason reason_ = EndReason::error;
  Stats stats_;
};

}  // namespace record
