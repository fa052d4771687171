#pragma once
// A Feed in a lock-free ring. Three threads know it, each its own part:
//
//   play thread: push() ─▶ [ring] ─▶ read(): media worker        control: pause(), set_volume(), ask_flush()
//
// Pause and volume are the reader's work, so they take hold with the next read(), whatever is buffered. So does a jump
// (a seek, another speed): from ask_flush() on there is silence until the play thread has thrown away what is buffered
// and put the new audio in its place; nothing stale is heard.

#include <atomic>
#include <cstdint>
#include <span>

#include "base/ring.hpp"
#include "play/feed.hpp"

namespace play {

class BufferedFeed final : public Feed {
 public:
  BufferedFeed(std::uint32_t rate, bool paused);

  std::uint32_t rate() const override { return rate_; }
  bool read(std::span<std::int16_t> out) override;

  // Control. Twice changes nothing.
  void pause() { paused_.store(true, std::memory_order_relaxed); }
  void resume() { paused_.store(false, std::memory_order_relaxed); }
  // A factor; reached within 5 ms, so that it does not click.
  void set_volume(float factor) { volume_.store(factor, std::memory_order_relaxed); }
  // Each is to be answered by one begin_flush() and end_flush().
  void ask_flush() { asked_.fetch_add(1, std::memory_order_release); }

  // Play thread. How many samples it should be given now.
  std::size_t room() const;
  void push(std::span<const std::int16_t> samples);  // at most room()
  // What has been pushed is all there is.
  void end() { ended_.store(true, std::memory_order_release); }
  // What has been pushed and not been read is thrown away; what is pushed now takes its place at end_flush().
  void begin_flush();
  void end_flush() { flushed_.fetch_add(1, std::memory_order_release); }
  // Samples since the beginning: put in; read or thrown away.
  std::uint64_t pushed() const { return pushed_; }
  std::uint64_t taken() const { return taken_.load(std::memory_order_acquire); }

  // Samples of silence that were read because the play thread was late. Any thread.
  std::uint64_t late() const { return late_.load(std::memory_order_relaxed); }

 private:
  void skip();
  void scale(std::span<std::int16_t> samples, float target);

  const std::uint32_t rate_;
  const std::size_t fade_;    // samples from full volume to silence
  const std::size_t target_;  // samples that are kept ready
  base::Ring<std::int16_t> ring_;

  std::atomic<bool> paused_;
  std::atomic<float> volume_{1};
  std::atomic<std::uint32_t> asked_{0}, flushed_{0};
  std::atomic<std::uint64_t> flush_to_{0};  // samples before this place are thrown away
  std::atomic<bool> ended_{false};
  std::atomic<std::uint64_t> taken_{0}, late_{0};

  std::uint64_t pushed_ = 0;  // the play thread's
  float gain_;                // the reader's: what the last sample was multiplied by
};

}  // namespace play
