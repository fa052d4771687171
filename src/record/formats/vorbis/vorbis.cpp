// The format "vorbis": Ogg Vorbis.

#include <algorithm>
#include <array>

#include "record/formats/vorbis/vorbis_encoder.hpp"
#include "record/formats/vorbis/vorbis_repair.hpp"

namespace record::vorbis {
namespace {

class VorbisFormat final : public Format {
 public:
  std::string_view name() const override { return "vorbis"; }
  std::string_view extension() const override { return "ogg"; }
  base::Result<void> check(std::span<const Hint> hints) const override {
    if (auto settings = vorbis_settings(hints); !settings) return std::move(settings.error());
    return {};
  }
  std::uint32_t rate_for(std::uint32_t rate) const override { return std::clamp(rate, 8000U, 192000U); }
  base::Result<std::unique_ptr<Encoder>> open(OutputFile& file, const AudioFormat& audio, std::span<const Hint> hints,
                                              const Tags& tags) const override {
    auto settings = vorbis_settings(hints);
    if (!settings) return std::move(settings.error());
    return VorbisEncoder::open(file, audio, *settings, tags);
  }
  base::Result<Repaired> repair(OutputFile& file, const AudioFormat& /*audio*/,
                                std::span<const Hint> /*hints*/) const override {
    return repair_vorbis(file);
  }
};

}  // namespace

std::span<const Format* const> formats() {
  static const VorbisFormat vorbis;
  static const std::array<const Format*, 1> all = {&vorbis};
  return all;
}

}  // namespace record::vorbis
