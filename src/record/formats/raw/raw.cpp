// The format "raw": samples and nothing else, interleaved, little-endian. Hint: encoding (sample_encoding.hpp). Whoever
// plays the file has to know its rate and channels; the recording's map (sidecar) says them.

#include <array>

#include "record/formats/format.hpp"
#include "record/formats/sample_encoding.hpp"

namespace record::raw {
namespace {

// Owned by a writer thread.
class RawEncoder final : public Encoder {
 public:
  RawEncoder(OutputFile& file, SampleEncoding encoding, int channels)
      : file_(file),
        encoding_(encoding),
        frame_size_(bytes_per_sample(encoding) * static_cast<std::size_t>(channels)) {}

  base::Result<void> write(std::span<const std::int16_t> interleaved) override {
    return file_.append(encoded(encoding_, interleaved, buffer_));
  }
  base::Result<void> checkpoint() override { return {}; }
  base::Result<void> finish() override { return {}; }
  std::uint64_t samples() const override { return file_.size() / frame_size_; }

 private:
  OutputFile& file_;
  const SampleEncoding encoding_;
  const std::size_t frame_size_;  // bytes
  std::vector<std::uint8_t> buffer_;
};

class RawFormat final : public Format {
 public:
  std::string_view name() const override { return "raw"; }
  std::string_view extension() const override { return "raw"; }
  base::Result<void> check(std::span<const Hint> hints) const override {
    if (auto encoding = sample_encoding(hints); !encoding) return std::move(encoding.error());
    return {};
  }
  int most_channels(std::span<const Hint> /*hints*/) const override { return 255; }
  base::Result<std::unique_ptr<Encoder>> open(OutputFile& file, const AudioFormat& audio, std::span<const Hint> hints,
                                              const Tags& /*tags*/) const override {
    auto encoding = sample_encoding(hints);
    if (!encoding) return std::move(encoding.error());
    return std::unique_ptr<Encoder>(std::make_unique<RawEncoder>(file, *encoding, audio.channels));
  }
  base::Result<Repaired> repair(OutputFile& file, const AudioFormat& audio,
                                std::span<const Hint> hints) const override {
    auto encoding = sample_encoding(hints);
    if (!encoding) return std::move(encoding.error());
    const std::uint64_t frame_size = bytes_per_sample(*encoding) * static_cast<std::size_t>(audio.channels);
    const std::uint64_t samples = file.size() / frame_size;
    if (samples * frame_size == file.size()) return Repaired{audio, samples};
    if (auto cut = file.truncate(samples * frame_size); !cut) return std::move(cut.error());
    return Repaired{audio, samples};
  }
};

}  // namespace

std::span<const Format* const> formats() {
  static const RawFormat raw;
  static const std::array<const Format*, 1> all = {&raw};
  return all;
}

}  // namespace record::raw
