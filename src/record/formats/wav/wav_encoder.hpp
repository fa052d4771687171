#pragma once
// RIFF/WAVE with 16-bit PCM, µ-law or A-law; RF64 past 4 GB. The header's sizes are set right at every checkpoint.
// Owned by a writer thread.

#include "record/formats/format.hpp"
#include "record/formats/sample_encoding.hpp"
#include "record/formats/wav/wav_header.hpp"

namespace record::wav {

class WavEncoder final : public Encoder {
 public:
  WavEncoder(OutputFile& file, SampleEncoding encoding, const AudioFormat& audio, const Tags& tags);

  base::Result<void> begin() { return file_.append(header_.with_data(0, 0)); }
  base::Result<void> write(std::span<const std::int16_t> interleaved) override;
  base::Result<void> checkpoint() override { return file_.rewrite(0, header_.with_data(data_size(), samples())); }
  base::Result<void> finish() override;
  std::uint64_t samples() const override { return data_size() / frame_size_; }
  bool is_bounded_by_header() const override { return true; }

 private:
  std::uint64_t data_size() const;

  OutputFile& file_;
  const SampleEncoding encoding_;
  const std::uint32_t frame_size_;  // bytes of a sample of all channels
  WavHeader header_;
  std::uint64_t padding_ = 0;  // bytes behind the samples
  std::vector<std::uint8_t> buffer_;
};

}  // namespace record::wav
