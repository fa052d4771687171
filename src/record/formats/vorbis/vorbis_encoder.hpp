#pragma once
// Ogg Vorbis by libvorbis and libogg (Vorbis I, appendix A). Two channels are two parties and never coupled. A page
// goes out at every checkpoint; the last one's position cuts off what fills up the last block, so a player gets exactly
// the samples that were written. Owned by a writer thread.
//
//   [identification][comments, codebooks][page of up to 0.5 s][page] …

#include <memory>
#include <vorbis/codec.h>

#include "record/formats/format.hpp"
#include "record/formats/ogg_pages.hpp"
#include "record/formats/vorbis/vorbis_settings.hpp"

namespace record::vorbis {

class VorbisEncoder final : public Encoder {
 public:
  static base::Result<std::unique_ptr<Encoder>> open(OutputFile& file, const AudioFormat& audio,
                                                     const VorbisSettings& settings, const Tags& tags);
  VorbisEncoder(const VorbisEncoder&) = delete;
  VorbisEncoder& operator=(const VorbisEncoder&) = delete;
  ~VorbisEncoder() override;

  base::Result<void> write(std::span<const std::int16_t> interleaved) override;
  base::Result<void> checkpoint() override { return pages_.flush(); }
  base::Result<void> finish() override;
  std::uint64_t samples() const override { return pages_.granule(); }

 private:
  VorbisEncoder(OutputFile& file, const AudioFormat& audio);

  // False where Vorbis has no such rate.
  bool set_up(const VorbisSettings& settings);
  base::Result<void> put_headers(const Tags& tags);
  base::Result<void> put_packets();

  const AudioFormat audio_;
  OggPages pages_;
  vorbis_info info_{};
  vorbis_dsp_state state_{};
  vorbis_block block_{};
};

}  // namespace record::vorbis
