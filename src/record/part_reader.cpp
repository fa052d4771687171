#include "record/part_reader.hpp"

#include <algorithm>
#include <cmath>

namespace record {
namespace {

constexpr std::size_t kBlock = 4096;  // frames

// A lossy decoder may end a little early; what is missing then is silence. More than this is a broken file.
constexpr std::uint64_t kMayBeMissing = 4096;  // samples

base::Error read_error(const std::string& name, const std::string& what) {
  return {base::Kind::internal, "read " + name + ": " + what};
}

}  // namespace

base::Result<std::unique_ptr<PartReader>> PartReader::open(const FinishedPart& part, std::string_view encoding) {
  SF_INFO info{};
  if (part.file.extension == "raw") {
    const bool is_mulaw = encoding == "mulaw" || encoding == "ulaw";
    info.samplerate = static_cast<int>(part.audio.rate);
    info.channels = part.audio.channels;
    info.format = SF_FORMAT_RAW | SF_ENDIAN_LITTLE |
                  (is_mulaw             ? SF_FORMAT_ULAW
                   : encoding == "alaw" ? SF_FORMAT_ALAW
                                        : SF_FORMAT_PCM_16);
  }
  const std::string name = part.file.path.string();
  File file(sf_open(name.c_str(), SFM_READ, &info));
  if (!file) return read_error(name, sf_strerror(nullptr));
  if (info.channels != part.audio.channels || info.samplerate <= 0) return read_error(name, "not what was written");
  const auto rate = static_cast<std::uint32_t>(info.samplerate);
  const std::uint64_t samples = (part.samples * rate + part.audio.rate / 2) / part.audio.rate;
  return std::unique_ptr<PartReader>(new PartReader(std::move(file), name, rate, info.channels, samples));
}

PartReader::PartReader(File file, std::string name, std::uint32_t rate, int channels, std::uint64_t samples)
    : file_(std::move(file)),
      name_(std::move(name)),
      rate_(rate),
      channels_(static_cast<std::size_t>(channels)),
      left_(samples),
      floats_(kBlock * channels_),
      samples_(kBlock * channels_) {}

base::Result<std::span<const std::int16_t>> PartReader::read() {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left_, kBlock));
  if (wanted == 0) return std::span<const std::int16_t>();
  // As floats: a lossy decoder may go beyond what 16 bits hold, and libsndfile does not limit it.
  const auto got = static_cast<std::size_t>(
      std::max<sf_count_t>(sf_readf_float(file_.get(), floats_.data(), static_cast<sf_count_t>(wanted)), 0));
  if (got == 0 && left_ > kMayBeMissing) return read_error(name_, "it ends too early");
  const std::size_t frames = got == 0 ? wanted : got;
  std::fill(floats_.begin() + static_cast<std::ptrdiff_t>(got * channels_), floats_.end(), 0.0F);
  std::transform(floats_.begin(), floats_.begin() + static_cast<std::ptrdiff_t>(frames * channels_), samples_.begin(),
                 [](float value) {
                   return static_cast<std::int16_t>(std::lrint(std::clamp(value * 32768.0F, -32768.0F, 32767.0F)));
                 });
  left_ -= frames;
  return std::span<const std::int16_t>(samples_.data(), frames * channels_);
}

}  // namespace record
