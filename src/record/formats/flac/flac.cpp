// The format "flac".

#include <array>

#include "record/formats/flac/flac_encoder.hpp"
#include "record/formats/flac/flac_repair.hpp"

namespace record::flac {
namespace {

class FlacFormat final : public Format {
 public:
  std::string_view name() const override { return "flac"; }
  std::string_view extension() const override { return "flac"; }
  base::Result<void> check(std::span<const Hint> hints) const override {
    if (auto settings = flac_settings(hints); !settings) return std::move(settings.error());
    return {};
  }
  int most_channels(std::span<const Hint> /*hints*/) const override { return 8; }
  base::Result<std::unique_ptr<Encoder>> open(OutputFile& file, const AudioFormat& audio, std::span<const Hint> hints,
                                              const Tags& tags) const override {
    auto settings = flac_settings(hints);
    if (!settings) return std::move(settings.error());
    return FlacEncoder::open(file, audio, *settings, tags);
  }
  base::Result<Repaired> repair(OutputFile& file, const AudioFormat& /*audio*/,
                                std::span<const Hint> /*hints*/) const override {
    return repair_flac(file);
  }
};

}  // namespace

std::span<const Format* const> formats() {
  static const FlacFormat flac;
  static const std::array<const Format*, 1> all = {&flac};
  return all;
}

}  // namespace record::flac
