#pragma once
// RIFF/WAVE with 16-bit PCM: a header of 44 bytes, then the samples. The header's sizes are set right at every
// checkpoint. Past 4 GB the sizes stay at their highest value. Owned by a writer thread.

#include <array>

#include "record/formats/format.hpp"

namespace record::wav {

class WavEncoder final : public Encoder {
 public:
  WavEncoder(OutputFile& file, const AudioFormat& audio) : file_(file), audio_(audio) {}

  base::Result<void> begin();
  base::Result<void> write(std::span<const std::int16_t> interleaved) override;
  base::Result<void> checkpoint() override;
  base::Result<void> finish() override { return checkpoint(); }
  std::uint64_t samples() const override;

 private:
  static constexpr std::size_t kHeaderSize = 44;

  std::array<std::uint8_t, kHeaderSize> header() const;

  OutputFile& file_;
  const AudioFormat audio_;
};

}  // namespace record::wav
