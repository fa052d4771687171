#pragma once
// RIFF/WAVE with GSM 06.10, by libgsm: mono, 13 kbit/s at 8 kHz. Blocks of 65 bytes hold two frames, 320 samples; the
// last one is filled up with silence, and fact says how many samples are real (players that do not read it play up to
// 40 ms more). The header's sizes are set right at every checkpoint. Owned by a writer thread.

#include <gsm/gsm.h>
#include <memory>
#include <type_traits>

#include "record/formats/format.hpp"
#include "record/formats/wav/wav_header.hpp"

namespace record::wav {

class GsmEncoder final : public Encoder {
 public:
  static base::Result<std::unique_ptr<Encoder>> open(OutputFile& file, const AudioFormat& audio, const Tags& tags);

  base::Result<void> write(std::span<const std::int16_t> samples) override;
  base::Result<void> checkpoint() override;
  base::Result<void> finish() override;
  std::uint64_t samples() const override;
  bool is_bounded_by_header() const override { return true; }

 private:
  struct Destroy {
    void operator()(gsm gsm) const { gsm_destroy(gsm); }
  };
  using Gsm = std::unique_ptr<std::remove_pointer_t<gsm>, Destroy>;

  GsmEncoder(OutputFile& file, Gsm gsm, const AudioFormat& audio, const Tags& tags);

  // The whole blocks of pending_ go into the file.
  base::Result<void> put_blocks();

  OutputFile& file_;
  const Gsm gsm_;
  WavHeader header_;
  std::vector<std::int16_t> pending_;  // less than a block between calls
  std::uint64_t written_ = 0;
  std::uint64_t blocks_ = 0;  // in the file
};

}  // namespace record::wav
