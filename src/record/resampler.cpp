#include "record/resampler.hpp"

namespace record {
namespace {

constexpr int kQuality = 8;  // of 10: a stop band of 100 dB at a third of the cost of 10

}  // namespace

base::Result<std::unique_ptr<Resampler>> Resampler::open(std::uint32_t from, std::uint32_t to, int channels) {
  int error = RESAMPLER_ERR_SUCCESS;
  State state(speex_resampler_init(static_cast<spx_uint32_t>(channels), from, to, kQuality, &error));
  if (!state) {
    return base::Error{base::Kind::no_resources, std::string("resample: ") + speex_resampler_strerror(error)};
  }
  speex_resampler_skip_zeros(state.get());
  return std::unique_ptr<Resampler>(new Resampler(from, to, channels, std::move(state)));
}

void Resampler::write(std::span<const std::int16_t> interleaved, std::vector<std::int16_t>& out) {
  taken_ += interleaved.size() / channels_;
  process(interleaved, out);
}

void Resampler::process(std::span<const std::int16_t> interleaved, std::vector<std::int16_t>& out) {
  while (!interleaved.empty()) {
    auto in_frames = static_cast<spx_uint32_t>(interleaved.size() / channels_);
    auto out_frames = static_cast<spx_uint32_t>(std::uint64_t{in_frames} * to_ / from_ + 64);
    const std::size_t before = out.size();
    out.resize(before + out_frames * channels_);
    speex_resampler_process_interleaved_int(state_.get(), interleaved.data(), &in_frames, out.data() + before,
                                            &out_frames);
    out.resize(before + out_frames * channels_);
    made_ += out_frames;
    interleaved = interleaved.subspan(in_frames * channels_);
  }
}

void Resampler::drain(std::vector<std::int16_t>& out) {
  const std::uint64_t due = (taken_ * to_ + from_ / 2) / from_;
  const std::vector<std::int16_t> silence(std::size_t{1024} * channels_);
  while (made_ < due) process(silence, out);
  out.resize(out.size() - static_cast<std::size_t>(made_ - due) * channels_);
  made_ = due;
}

}  // namespace record
