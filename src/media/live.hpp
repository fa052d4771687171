#pragma once
// What others hear of a party while it speaks: a second play-out beside the one that is recorded, as shallow as the
// network allows. Exists only while somebody hears the party. Owned by a media worker; never allocates in insert() and
// render().
//
//   packet ─▶ Playout ─▶ Warp (drift, ± 0.4 %) ─▶ Concealer ─▶ frame
//        └─▶ lateness of the last 8 s ─▶ wanted depth, 20 … 200 ms
//
// Depth: how long after its arrival audio is played. It grows at once, by what is missing, where packets are late: the
// last sounds are drawn out, and nothing is thrown away. Is a packet lost after all, what was drawn out stands in its
// place. It shrinks where that is not heard: in silence by a frame each time, elsewhere by playing 0.4 % faster.

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "media/concealer.hpp"
#include "media/playout.hpp"
#include "media/warp.hpp"

namespace media {

class Live {
 public:
  // `media`: no packet that comes belongs before this place of the media timeline.
  Live(std::uint32_t rate, Position media);

  void set_decoder(std::uint8_t payload_type, const codec::Codec& codec, const std::string& fmtp) {
    playout_.set_decoder(payload_type, codec, fmtp);
  }
  // As the recorded play-out gets it.
  void insert(const Playout::Arrival& arrival);
  // The next out.size() samples. `media_now`: what arrived by then has been inserted. `drift`: see Drift.
  void render(std::span<std::int16_t> out, Position media_now, double drift);
  void change_rate(std::uint32_t rate);

  std::chrono::milliseconds depth() const { return std::chrono::milliseconds(depth_ * 1000 / rate_); }
  // Made up because packets were late or lost; since the last call.
  std::chrono::milliseconds take_concealed();

 private:
  static constexpr std::size_t kWindows = 8;  // of a second each
  struct Window {
    bool used = false;
    Position least = 0, most = 0;  // lateness
  };

  Position samples(std::chrono::milliseconds length) const { return length.count() * rate_ / 1000; }
  void note(Position lateness, Position at);
  Position wanted() const;
  void make_up_for_wait();
  void play(std::span<std::int16_t> out, double correction);
  void hurry(std::span<std::int16_t> out, double correction);

  std::uint32_t rate_;
  Playout playout_;
  Warp warp_;
  Concealer concealer_;

  std::array<Window, kWindows> windows_{};
  std::size_t window_ = 0;
  Position window_end_ = 0;
  Position duration_;  // of a packet
  Position depth_ = 0;
  Position waited_ = 0;  // drawn out in a row, its packet not seen yet
  Position concealed_ = 0;
  bool begun_ = false;
  bool quiet_ = true;  // the last frame
  bool adjusting_ = false;
  std::array<std::int16_t, kMaxFrame> scratch_;
  std::array<Kind, kMaxFrame> kinds_;
};

}  // namespace media
