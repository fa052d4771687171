#pragma once
// MPEG layer III by LAME at the audio's own rate and level; two channels are plain stereo, since they are different
// parties. The file holds whole frames only, so it plays whenever it is cut off:
//
//   [ID3v2][Info tag: reserved at open, rewritten at every checkpoint][frame][frame] …
//
// A decoder drops 1105 samples at the start (576 of the encoder, 529 of its own), so n samples take
// ceil((n + 1105) / frame) frames; what LAME makes beyond those is dropped. (ffmpeg cannot
// cut one frame at both ends: of 1 to 46 samples, 6 ms, it plays up to a frame.) Owned by a writer thread.

#include <lame/lame.h>
#include <memory>
#include <vector>

#include "record/formats/format.hpp"
#include "record/formats/mp3/info_tag.hpp"
#include "record/formats/mp3/mp3_settings.hpp"
#include "record/formats/mp3/mpeg_frame.hpp"
#include "record/formats/mp3/seek_points.hpp"

namespace record::mp3 {

class Mp3Encoder final : public Encoder {
 public:
  static base::Result<std::unique_ptr<Encoder>> open(OutputFile& file, const AudioFormat& audio,
                                                     const Mp3Settings& settings, const Tags& tags);

  base::Result<void> write(std::span<const std::int16_t> interleaved) override;
  base::Result<void> checkpoint() override;
  base::Result<void> finish() override;
  std::uint64_t samples() const override;

 private:
  struct Close {
    void operator()(lame_global_flags* lame) const { lame_close(lame); }
  };
  using Lame = std::unique_ptr<lame_global_flags, Close>;

  Mp3Encoder(OutputFile& file, const FrameFormat& format, const Mp3Settings& settings, Lame lame);

  // LAME with these settings, its input multiplied by `scale`; null where it refuses.
  static Lame start_lame(const FrameFormat& format, const Mp3Settings& settings, float scale);

  std::vector<std::uint8_t> tag_frame() const;
  // Appends the whole frames of pending_ to the file, until it has `most` of them.
  base::Result<void> put_frames(std::uint64_t most);

  OutputFile& file_;
  const FrameFormat format_;
  const int kbps_;  // as InfoTag has it
  const int quality_;
  const BitRateMethod method_;
  const Lame lame_;
  std::vector<std::uint8_t> pending_;  // from LAME, not yet in the file: less than a frame between calls
  std::uint64_t written_ = 0;          // samples, a channel
  std::uint64_t frames_ = 0;           // in the file, without the tag's
  std::uint64_t tag_at_ = 0;           // where the Info tag is
  SeekPoints seek_points_;
  std::uint16_t music_crc_ = 0;
};

}  // namespace record::mp3
