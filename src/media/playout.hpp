#pragma once
// Turns packets into the continuous audio of the media timeline: reorders, decodes, conceals what was lost, is silent
// where the peer sent nothing. Packets may be of any length and of any codec; a frame is cut out of them wherever it
// falls. The media timeline goes by the sender's clock (Warp lays it onto ours).
// Owned by a media worker; never allocates in insert(), render() and skip().
//
//   packet ─▶ Anchor ─▶ JitterBuffer ─▶ decoder ─▶ raise to the timeline's rate ─▶ block ─┐
//                            gap: sequence missing ─▶ recovered, concealed, then lost ─────├─▶ 20 ms frame
//                            gap: sequence goes on ─▶ comfort noise or silence ────────────┘
//
// A gap whose sequence numbers go on is silence suppression; one with numbers missing is loss: made up for 60 ms (by
// the codec's redundancy and concealment where it has them), then silent.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "audio/interpolator.hpp"
#include "codec/codec.hpp"
#include "codec/comfort_noise.hpp"
#include "media/anchor.hpp"
#include "media/concealer.hpp"
#include "media/decodings.hpp"
#include "media/frame.hpp"
#include "rtp/jitter_buffer.hpp"

namespace media {

class Playout {
 public:
  // `settles`: see Anchor.
  Playout(std::uint32_t rate, std::chrono::milliseconds depth, bool settles = true);

  // What this payload type means from now on. Packets that wait already keep their decoder.
  void set_decoder(std::uint8_t payload_type, const codec::Codec& codec, const std::string& fmtp);
  // Of the audio of this payload type, Hz; 0: it means nothing.
  std::uint32_t rate_of(std::uint8_t payload_type) const {
    const Decoding* decoding = decodings_.find(decodings_.of_type(payload_type));
    return decoding != nullptr ? decoding->rate : 0;
  }
  // The timeline's rate rises, between two frames: everything moves to its place at the new rate. Allocates.
  void change_rate(std::uint32_t rate);

  struct Arrival {
    std::int64_t sequence = 0;  // unwrapped
    bool newest = true;
    bool new_source = false;
    bool marker = false;
    std::uint32_t timestamp = 0;
    std::uint8_t payload_type = 0;
    enum class Content : std::uint8_t {
      audio,
      noise,  // comfort noise, RFC 3389
      other,  // holds its place in the order only: telephone-event
    } content = Content::audio;
    std::span<const std::uint8_t> payload;
    Position position = 0;  // of the arrival
  };
  enum class Verdict { taken, late, duplicate, malformed };
  Verdict insert(const Arrival& arrival);
  // Of the packet inserted last, if it was audio and says something about the sender's clock: see Anchor.
  std::optional<Position> lateness() const { return lateness_; }

  // Where the packet inserted last ends, if it was audio and has a place.
  std::optional<Position> inserted_end() const { return inserted_end_; }

  Position newest_duration() const { return newest_duration_; }

  // The next out.size() samples of the timeline, from cursor() on.
  void render(std::span<std::int16_t> out, Origins& origins);
  // The same without listening.
  void skip(std::size_t samples);

  // For whom does not wait `depth`: by how much what has arrived falls short of `until`, though the party goes on as
  // far as one can tell; 0 in a pause.
  Position shortage(Position until);
  // Nothing but silence or noise was played last, and nothing is waiting.
  bool is_idle();
  // The length of the loss that begins before `until`, where packets behind it have arrived.
  Position missing(Position until);
  // Makes it shorter: so much of it has been made up for elsewhere.
  void shorten_loss(Position length);

  Position cursor() const { return cursor_; }
  // Where the audio that has arrived ends.
  Position received_end() const { return anchor_.newest_end(); }
  // Of packets that have been played, and of those that were missing when their time had come; since the last call.
  PacketCounts take_counts();
  // Silence before the cursor that has turned out to be loss, in samples; since the last call.
  Position take_lost_before();
  // What was decoded last was G.711 µ-law, at its own rate.
  bool is_mulaw() const { return last_ != nullptr && last_->is_mulaw && last_->rate == rate_; }
  std::uint64_t lost() const { return lost_; }
  std::uint64_t resyncs() const { return anchor_.resyncs(); }

 private:
  using Item = rtp::JitterBuffer::Item;
  static constexpr std::size_t kMaxBlock = std::size_t{48} * 120;  // samples: 120 ms at 48 kHz

  Anchor::Options anchor_options() const;
  Position most(std::chrono::milliseconds length) const { return length.count() * rate_ / 1000; }
  const Item* due();
  void count_late(Position duration);
  void count_gap(const Item& item);
  bool decode(const Item& item);
  std::size_t raise(Decoding& decoding, std::size_t samples);
  Position delay(const Decoding& decoding) const;
  bool follows(const Item& item) const;
  bool finish_raising();
  bool make_up(Position gap, const Item& next);
  bool go_on_with_noise(std::size_t at_most);
  void tell_lost(std::int64_t missing);
  void fill(std::span<std::int16_t> out, bool lost, Origins& origins);
  void fill_silence(std::span<std::int16_t> out, bool lost, Origins& origins);
  void play_block(std::span<std::int16_t> out, Origins& origins);

  std::uint32_t rate_;
  const std::chrono::milliseconds depth_;
  const bool settles_;
  Anchor anchor_;
  rtp::JitterBuffer buffer_;
  Decodings decodings_;
  Concealer concealer_;
  std::optional<codec::ComfortNoise> noise_;

  Position cursor_ = 0;
  std::int64_t sequence_shift_ = 0;  // makes the numbers of successive sources one row
  std::int64_t newest_sequence_ = 0;
  Position newest_position_ = 0, newest_duration_ = 0;
  std::optional<std::int64_t> new_source_at_;  // the sequence number from which on a new source speaks
  bool begun_ = false;
  std::optional<Position> lateness_, inserted_end_;

  // What is being played: a decoded packet, or what was made up for one.
  std::array<std::int16_t, kMaxBlock> block_;
  std::size_t block_begin_ = 0, block_end_ = 0;
  Kind block_kind_ = Kind::received;
  std::array<std::int16_t, kMaxBlock> raw_;  // a decoder's output at its own rate
  std::size_t raw_size_ = 0;
  // Where the audio ends that has gone into last_'s upsampler; it comes out with a delay. Nothing: none is inside.
  std::optional<Position> raised_end_;

  Decoding* last_ = nullptr;    // of the packet decoded last
  Position last_duration_ = 0;  // its length
  bool pausing_ = false;        // it said that nothing will follow (DTX)
  Position noise_left_ = 0;     // how long comfort noise may go on
  bool noise_from_cn_ = false;  // of RFC 3389
  std::size_t made_up_ = 0;     // samples in this gap
  std::size_t quiet_ = 0;       // samples of silence or noise in a row
  std::size_t untold_ = 0;      // of them: silence of which nothing said what it was
  Position lost_before_ = 0;
  PacketCounts counts_;
  std::uint64_t lost_ = 0;
};

}  // namespace media
