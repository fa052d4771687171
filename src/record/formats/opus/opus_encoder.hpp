#pragma once
// Ogg Opus by libopus and libogg (RFC 7845, mapping family 0), encoded at the audio's own rate in packets of 20 ms.
// Positions in the file are in samples of 48 kHz and count what the encoder puts first (pre-skip); the last one cuts
// off what fills up the last packet, so a player gets exactly the samples that were written. A page goes out at every
// checkpoint. Two channels are two parties: CELT only, with bits enough that neither is heard in the other (below
// -40 dB of it). Owned by a writer thread.
//
//   [OpusHead][OpusTags][page of up to 0.5 s][page] …

#include <memory>
#include <opus/opus.h>
#include <vector>

#include "record/formats/format.hpp"
#include "record/formats/ogg_pages.hpp"
#include "record/formats/opus/opus_settings.hpp"

namespace record::opus {

class OpusFileEncoder final : public Encoder {
 public:
  // 8, 12, 16, 24 and 48 kHz.
  static base::Result<std::unique_ptr<Encoder>> open(OutputFile& file, const AudioFormat& audio,
                                                     const OpusSettings& settings, const Tags& tags);

  base::Result<void> write(std::span<const std::int16_t> interleaved) override;
  base::Result<void> checkpoint() override { return pages_.flush(); }
  base::Result<void> finish() override;
  std::uint64_t samples() const override;

 private:
  struct Destroy {
    void operator()(OpusEncoder* encoder) const { opus_encoder_destroy(encoder); }
  };
  using Opus = std::unique_ptr<OpusEncoder, Destroy>;

  OpusFileEncoder(OutputFile& file, const AudioFormat& audio, Opus opus, std::uint32_t pre_skip);

  base::Result<void> put_headers(const Tags& tags);
  // One packet of frame_; nothing is left in it.
  base::Result<void> put_packet(std::uint64_t granule, bool is_last);

  const AudioFormat audio_;
  const std::uint64_t ticks_a_sample_;  // of 48 kHz
  const std::uint64_t pre_skip_;        // likewise
  const std::size_t frame_size_;        // values of all channels in a packet
  const Opus opus_;
  OggPages pages_;
  std::vector<std::int16_t> frame_;  // gathered for the next packet
  std::vector<std::uint8_t> packet_;
  std::uint64_t written_ = 0;  // samples, a channel
  std::uint64_t encoded_ = 0;  // of 48 kHz, with pre-skip
};

}  // namespace record::opus
