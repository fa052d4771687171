#pragma once
// Takes digits out of what is recorded ([recording] dtmf = "silence"): the span of each RFC 4733 event, and every DTMF
// tone in the audio itself, from its first cycle on. A tone is known for one only after some 30 ms, so frames pass
// through a delay of four. Owned by a media worker; never allocates in pass().
//
//   frame ─▶ [newest | … | oldest] ─▶ frame, its muted blocks of 10 ms silent
//        └─▶ spandsp's detector: a digit begins ─▶ mute backwards while the blocks are that tone
//                                       … ends  ─▶ unmute backwards until the blocks are that tone

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "media/frame.hpp"

struct dtmf_rx_state_s;

namespace media {

// A frame that owns its samples.
struct FrameBuffer {
  Position position = 0;
  std::size_t size = 0;
  std::array<std::int16_t, kMaxFrame> send;
  Origins origins;
  PacketCounts packets;
  Position lost_before = 0;
  bool is_mulaw = false;
  bool adjusted = false;
};

class DigitGate {
 public:
  explicit DigitGate(std::uint32_t rate);

  // An event of this key covers [begin, end) of the stream's timeline. To be told again as it goes on.
  void silence(char key, Position begin, Position end);
  // Takes a frame; gives the one of four frames ago in its place. False: there is none yet.
  bool pass(FrameBuffer& frame);
  // Gives the frames that are still inside, oldest first. False: none is left.
  bool drain(FrameBuffer& frame);
  // What is inside is forgotten.
  void restart();

 private:
  static constexpr std::size_t kDelay = 4;   // frames
  static constexpr std::size_t kBlocks = 2;  // of 10 ms, a frame
  struct Slot {
    FrameBuffer frame;
    std::array<bool, kBlocks> muted{};
  };
  struct Free {
    void operator()(dtmf_rx_state_s* detector) const;
  };
  struct Span {
    Position begin = 0, end = 0;
  };

  static void on_tone(void* gate, int key, int level, int delay);
  void begin_tone(char key);
  void end_tone();
  bool is_tone(char key, std::size_t block) const;
  Slot& slot_of(std::size_t block) { return slots_[block / kBlocks % (kDelay + 1)]; }
  bool& muted(std::size_t block) { return slot_of(block).muted[block % kBlocks]; }
  void detect(const FrameBuffer& frame);
  void emit(FrameBuffer& frame);

  const std::uint32_t rate_;
  const std::unique_ptr<dtmf_rx_state_s, Free> detector_;
  std::array<Slot, kDelay + 1> slots_;
  std::size_t first_ = 0, next_ = 0;  // frames, counted from the start; those inside are [first_, next_)
  char tone_ = 0;                     // under way; 0: none
  std::array<Span, 4> spans_{};       // of events
  std::size_t span_ = 0;
};

}  // namespace media
