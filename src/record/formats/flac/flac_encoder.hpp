#pragma once
// FLAC by libFLAC (RFC 9639), 16 bit. Frames go into the file as they are complete, and the file always holds whole
// ones; STREAMINFO is ours: its number of samples is set right at every checkpoint, and its MD5 and frame sizes at the
// end. A frame spans at most 0.2 s. Owned by a writer thread.
//
//   [fLaC][STREAMINFO: rewritten at every checkpoint][VORBIS_COMMENT][frame][frame] …

#include <FLAC/stream_encoder.h>
#include <memory>
#include <vector>

#include "record/formats/flac/flac_settings.hpp"
#include "record/formats/flac/stream_info.hpp"
#include "record/formats/format.hpp"

namespace record::flac {

class FlacEncoder final : public Encoder {
 public:
  static base::Result<std::unique_ptr<Encoder>> open(OutputFile& file, const AudioFormat& audio,
                                                     const FlacSettings& settings, const Tags& tags);
  ~FlacEncoder() override;

  base::Result<void> write(std::span<const std::int16_t> interleaved) override;
  base::Result<void> checkpoint() override;
  base::Result<void> finish() override;
  std::uint64_t samples() const override { return info_.samples; }

 private:
  struct Delete {
    void operator()(FLAC__StreamEncoder* encoder) const { FLAC__stream_encoder_delete(encoder); }
  };

  explicit FlacEncoder(OutputFile& file) : file_(file) {}

  static FLAC__StreamEncoderWriteStatus take(const FLAC__StreamEncoder* encoder, const FLAC__byte* bytes,
                                             std::size_t size, std::uint32_t samples, std::uint32_t frame, void* self);
  static void take_info(const FLAC__StreamEncoder* encoder, const FLAC__StreamMetadata* metadata, void* self);
  base::Result<void> put_frames();

  OutputFile& file_;
  StreamInfo info_;                    // samples: those in the file
  std::vector<std::uint8_t> pending_;  // frames that are not in the file yet
  std::uint64_t pending_samples_ = 0;
  std::vector<FLAC__int32> wide_;
  std::unique_ptr<FLAC__StreamEncoder, Delete> encoder_;
};

}  // namespace record::flac
