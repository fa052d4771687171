#include "record/part.hpp"

#include <utility>

#include "base/log.hpp"

namespace record {
namespace {

base::Result<OutputFile> output(base::Fd fd, std::span<const seal::Recipient> encrypt_to) {
  if (encrypt_to.empty()) return OutputFile(std::move(fd));
  auto sealed = SealedOutput::open(std::move(fd), encrypt_to);
  if (!sealed) return std::move(sealed.error());
  return OutputFile(std::move(*sealed));
}

}  // namespace

base::Result<std::unique_ptr<Part>> Part::open(const storage::Spool& spool, const std::string& stem,
                                               const Format& format, const AudioFormat& audio,
                                               std::span<const Hint> hints, const Tags& tags,
                                               std::span<const seal::Recipient> encrypt_to) {
  std::string extension(format.extension());
  if (!encrypt_to.empty()) extension += seal::kExtension;
  auto spool_file = spool.create(stem, extension);
  if (!spool_file) return std::move(spool_file.error());
  auto file = output(std::move(spool_file->fd), encrypt_to);
  if (!file) {
    spool.remove(*spool_file);
    return std::move(file.error());
  }
  std::unique_ptr<Part> part(new Part(std::move(*spool_file), std::move(*file), audio));
  auto encoder = format.open(part->file_, audio, hints, tags);
  if (!encoder) {
    spool.remove(part->spool_file_);
    return std::move(encoder.error()).in("open spool file " + part->spool_file_.path.string());
  }
  part->encoder_ = std::move(*encoder);
  return part;
}

base::Result<void> Part::write(std::span<const std::int16_t> interleaved, std::uint32_t rate) {
  const std::uint32_t before = resampler_ ? resampler_->from() : audio_.rate;
  if (rate != before) {
    if (auto drained = drain_resampler(); !drained) return drained;
    if (rate != audio_.rate) {
      auto resampler = Resampler::open(rate, audio_.rate, audio_.channels);
      if (!resampler) return std::move(resampler.error());
      resampler_ = std::move(*resampler);
    }
  }
  if (!resampler_) return encoder_->write(interleaved);
  resampled_.clear();
  resampler_->write(interleaved, resampled_);
  return encoder_->write(resampled_);
}

base::Result<void> Part::drain_resampler() {
  if (!resampler_) return {};
  resampled_.clear();
  resampler_->drain(resampled_);
  resampler_.reset();
  return encoder_->write(resampled_);
}

base::Result<void> Part::finish() {
  if (auto drained = drain_resampler(); !drained) return drained;
  if (auto finished = encoder_->finish(); !finished) return finished;
  return file_.end();
}

base::Result<void> Part::checkpoint() {
  const auto made = encoder_->checkpoint();
  says_less_ = !made;
  if (made) said_ = encoder_->samples();
  return made;
}

FinishedPart Part::close(std::string& error) {
  FinishedPart finished{std::move(spool_file_), audio_, encoder_->samples(), 0};
  if (says_less_ && said_ > 0 && encoder_->is_bounded_by_header()) finished.samples = said_;
  encoder_.reset();
  if (auto synced = file_.sync(); !synced) {
    base::log::error("record", "{}: {}", finished.file.path.string(), synced.error().text);
    if (error.empty()) error = synced.error().text;
  }
  finished.size = file_.size_on_disk();
  return finished;
}

}  // namespace record
