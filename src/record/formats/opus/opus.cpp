// The format "opus": Ogg Opus.

#include <algorithm>
#include <array>

#include "record/formats/opus/opus_encoder.hpp"
#include "record/formats/opus/opus_repair.hpp"

namespace record::opus {
namespace {

class OpusFormat final : public Format {
 public:
  std::string_view name() const override { return "opus"; }
  std::string_view extension() const override { return "opus"; }
  base::Result<void> check(std::span<const Hint> hints) const override {
    if (auto settings = opus_settings(hints); !settings) return std::move(settings.error());
    return {};
  }
  std::uint32_t rate_for(std::uint32_t rate) const override {
    static constexpr std::array<std::uint32_t, 5> kRates = {8000, 12000, 16000, 24000, 48000};
    const auto found = std::lower_bound(kRates.begin(), kRates.end(), rate);
    return found == kRates.end() ? kRates.back() : *found;
  }
  base::Result<std::unique_ptr<Encoder>> open(OutputFile& file, const AudioFormat& audio, std::span<const Hint> hints,
                                              const Tags& tags) const override {
    auto settings = opus_settings(hints);
    if (!settings) return std::move(settings.error());
    return OpusFileEncoder::open(file, audio, *settings, tags);
  }
  base::Result<Repaired> repair(OutputFile& file, const AudioFormat& /*audio*/,
                                std::span<const Hint> /*hints*/) const override {
    return repair_opus(file);
  }
};

}  // namespace

std::span<const Format* const> formats() {
  static const OpusFormat opus;
  static const std::array<const Format*, 1> all = {&opus};
  return all;
}

}  // namespace record::opus
