#pragma once
// Turns packets into the continuous audio of a timeline: reorders, decodes, conceals what was lost, is silent where the
// peer sent nothing. Packets may be of any length; a frame is cut out of them wherever it falls.
// Owned by a media worker; never allocates in insert(), render() and skip().
//
//   packet ─▶ Anchor ─▶ JitterBuffer ─▶ decoder ─▶ block ─┐
//                            gap: sequence missing ─▶ made up ├─▶ 20 ms frame
//                            gap: sequence goes on ─▶ silence
//
// A gap whose sequence numbers go on is silence suppression; one with numbers missing is loss: concealed for 60 ms,
// then silent.

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "codec/codec.hpp"
#include "media/anchor.hpp"
#include "media/concealer.hpp"
#include "media/frame.hpp"
#include "rtp/jitter_buffer.hpp"

namespace media {

class Playout {
 public:
  Playout(std::uint32_t rate, std::chrono::milliseconds depth);

  // What this payload type means from now on. Packets that wait already keep their decoder if their type is not reused.
  void set_decoder(std::uint8_t payload_type, const codec::Codec* codec);

  struct Arrival {
    std::int64_t sequence = 0;  // unwrapped
    bool newest = true;
    bool new_source = false;
    bool marker = false;
    std::uint32_t timestamp = 0;
    std::uint8_t payload_type = 0;
    bool is_audio = true;  // else it holds its place in the order: telephone-event, comfort noise
    std::span<const std::uint8_t> payload;
    Position position = 0;  // of the arrival
  };
  enum class Verdict { taken, late, duplicate, malformed };
  Verdict insert(const Arrival& arrival);

  // The next out.size() samples of the timeline, from cursor() on.
  void render(std::span<std::int16_t> out, Origins& origins);
  // The same without listening.
  void skip(std::size_t samples);

  Position cursor() const { return cursor_; }
  // Where the audio that has arrived ends.
  Position received_end() const { return anchor_.newest_end(); }
  // Of packets that have been played, and of those that were missing when their time had come; since the last call.
  PacketCounts take_counts();
  std::uint64_t lost() const { return lost_; }
  std::uint64_t resyncs() const { return anchor_.resyncs(); }

 private:
  using Item = rtp::JitterBuffer::Item;
  struct Decoding {
    const codec::Codec* codec = nullptr;
    std::unique_ptr<codec::Decoder> decoder;
  };
  static constexpr std::size_t kMaxBlock = rtp::JitterBuffer::kBytes;  // samples: a full packet of G.711

  const Item* due();
  void count_gap(const Item& item);
  bool decode(const Item& item);
  void fill(std::span<std::int16_t> out, bool lost, Origins& origins);
  void fill_silence(std::span<std::int16_t> out, Origins& origins);

  const std::uint32_t rate_;
  Anchor anchor_;
  rtp::JitterBuffer buffer_;
  std::array<Decoding, 128> decoders_;
  Concealer concealer_;

  Position cursor_ = 0;
  std::int64_t sequence_shift_ = 0;  // makes the numbers of successive sources one row
  std::int64_t newest_sequence_ = 0;
  Position newest_position_ = 0;
  bool begun_ = false;

  // The packet being played.
  std::array<std::int16_t, kMaxBlock> block_;
  std::size_t block_begin_ = 0, block_end_ = 0;

  std::size_t concealed_ = 0;  // samples in this gap
  std::size_t quiet_ = 0;      // samples of silence in a row
  PacketCounts counts_;
  std::uint64_t lost_ = 0;
};

}  // namespace media
