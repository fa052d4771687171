// The format "wav".

#include <array>

#include "record/formats/wav/gsm_encoder.hpp"
#include "record/formats/wav/wav_encoder.hpp"
#include "record/formats/wav/wav_repair.hpp"
#include "record/formats/wav/wav_settings.hpp"

namespace record::wav {
namespace {

class WavFormat final : public Format {
 public:
  std::string_view name() const override { return "wav"; }
  std::string_view extension() const override { return "wav"; }
  base::Result<void> check(std::span<const Hint> hints) const override {
    if (auto encoding = wav_encoding(hints); !encoding) return std::move(encoding.error());
    return {};
  }
  int most_channels(std::span<const Hint> hints) const override {
    const auto encoding = wav_encoding(hints);
    return encoding && *encoding ? 255 : 1;  // more than that, and players give up
  }
  base::Result<std::unique_ptr<Encoder>> open(OutputFile& file, const AudioFormat& audio, std::span<const Hint> hints,
                                              const Tags& tags) const override {
    auto encoding = wav_encoding(hints);
    if (!encoding) return std::move(encoding.error());
    if (!*encoding) return GsmEncoder::open(file, audio, tags);
    auto encoder = std::make_unique<WavEncoder>(file, **encoding, audio, tags);
    if (auto begun = encoder->begin(); !begun) return std::move(begun.error());
    return std::unique_ptr<Encoder>(std::move(encoder));
  }
  base::Result<Repaired> repair(OutputFile& file, const AudioFormat& /*audio*/,
                                std::span<const Hint> /*hints*/) const override {
    return repair_wav(file);
  }
};

}  // namespace

std::span<const Format* const> formats() {
  static const WavFormat wav;
  static const std::array<const Format*, 1> all = {&wav};
  return all;
}

}  // namespace record::wav
