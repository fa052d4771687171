// The format "mp3".

#include <algorithm>
#include <array>

#include "record/formats/mp3/mp3_encoder.hpp"
#include "record/formats/mp3/mp3_repair.hpp"

namespace record::mp3 {
namespace {

class Mp3Format final : public Format {
 public:
  std::string_view name() const override { return "mp3"; }
  std::string_view extension() const override { return "mp3"; }
  base::Result<void> check(std::span<const Hint> hints) const override {
    if (auto settings = mp3_settings(hints); !settings) return std::move(settings.error());
    return {};
  }
  std::uint32_t rate_for(std::uint32_t rate) const override {
    static constexpr std::array<std::uint32_t, 9> kRates = {8000,  11025, 12000, 16000, 22050,
                                                            24000, 32000, 44100, 48000};
    const auto found = std::lower_bound(kRates.begin(), kRates.end(), rate);
    return found == kRates.end() ? kRates.back() : *found;
  }
  base::Result<std::unique_ptr<Encoder>> open(OutputFile& file, const AudioFormat& audio, std::span<const Hint> hints,
                                              const Tags& tags) const override {
    auto settings = mp3_settings(hints);
    if (!settings) return std::move(settings.error());
    return Mp3Encoder::open(file, audio, *settings, tags);
  }
  base::Result<Repaired> repair(OutputFile& file, const AudioFormat& /*audio*/,
                                std::span<const Hint> /*hints*/) const override {
    return repair_mp3(file);
  }
};

}  // namespace

std::span<const Format* const> formats() {
  static const Mp3Format mp3;
  static const std::array<const Format*, 1> all = {&mp3};
  return all;
}

}  // namespace record::mp3
