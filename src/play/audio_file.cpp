#include "play/audio_file.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string_view>

#include "seal/sealer.hpp"

namespace play {

using base::Result;

namespace {

constexpr sf_count_t kBlock = 1024;  // frames decoded at once
constexpr int kMaxChannels = 8;
constexpr int kLeastRate = 4000;
constexpr int kMostRate = 192000;
constexpr sf_count_t kMostFrames = sf_count_t{1} << 40U;  // more is a header that lies

base::Error unplayable(std::string text) {
  return {base::Kind::not_acceptable, std::move(text), base::Fault::destination};
}

sf_count_t count_frames(SNDFILE* file, int channels) {
  std::vector<float> block(static_cast<std::size_t>(kBlock * std::max(channels, 1)));
  sf_count_t total = 0;
  for (sf_count_t count = 1; count > 0; total += count) {
    count = std::max<sf_count_t>(sf_readf_float(file, block.data(), kBlock), 0);
  }
  return total;
}

bool is_sealed(std::span<const std::uint8_t> start) {
  return start.size() >= seal::kMagic.size() && std::equal(seal::kMagic.begin(), seal::kMagic.end(), start.begin());
}

// NaN, which a file of floating point samples may hold, is silence.
std::int16_t to_pcm(float sample) {
  if (std::isnan(sample)) return 0;
  return static_cast<std::int16_t>(std::lrint(std::clamp(sample * 32768.F, -32768.F, 32767.F)));
}

}  // namespace

bool starts_like_audio(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 12) return false;
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), 12);
  if (start.starts_with("RIFF") || start.starts_with("RF64")) return start.substr(8) == "WAVE";
  if (start.starts_with("fLaC") || start.starts_with("OggS") || start.starts_with("ID3")) return true;
  return bytes[0] == 0xff && (bytes[1] & 0xe0U) == 0xe0;  // an MPEG frame
}

AudioFile::AudioFile(base::Fd file, Handle handle, const SF_INFO& info, std::uint32_t rate)
    : file_(std::move(file)),
      handle_(std::move(handle)),
      info_(info),
      rate_(rate),
      length_((static_cast<std::uint64_t>(info.frames) * rate + static_cast<std::uint64_t>(info.samplerate) / 2) /
              static_cast<std::uint64_t>(info.samplerate)),
      decoded_(static_cast<std::size_t>(kBlock * info.channels)),
      mono_(static_cast<std::size_t>(kBlock)) {}

Result<std::unique_ptr<AudioFile>> AudioFile::open(base::Fd file, std::uint32_t rate) {
  std::array<std::uint8_t, 12> start{};
  const ssize_t count = ::pread(file.get(), start.data(), start.size(), 0);
  if (count >= 0 && is_sealed(std::span(start).first(static_cast<std::size_t>(count)))) {
    return unplayable("it is encrypted, and this server cannot read it");
  }
  if (count < 0 || !starts_like_audio(std::span(start).first(static_cast<std::size_t>(count)))) {
    return unplayable("not a wav, flac, ogg or mp3 file");
  }
  SF_INFO info{};
  auto handle = open_handle(file.get(), info);
  if (!handle) return std::move(handle.error());
  if (info.frames == SF_COUNT_MAX && info.channels <= kMaxChannels) {
    // An Ogg file that is cut off, or still grows: its length shows in reading it, and it cannot be sought in.
    info.frames = count_frames(handle->get(), info.channels);
    info.seekable = 0;
    SF_INFO again{};
    handle = open_handle(file.get(), again);
    if (!handle) return std::move(handle.error());
  }
  if (info.channels < 1 || info.channels > kMaxChannels || info.samplerate < kLeastRate ||
      info.samplerate > kMostRate || info.frames < 0 || info.frames > kMostFrames) {
    return unplayable(std::to_string(info.channels) + " channels at " + std::to_string(info.samplerate) +
                      " Hz cannot be played");
  }
  std::unique_ptr<AudioFile> opened(new AudioFile(std::move(file), std::move(*handle), info, rate));
  if (auto begun = opened->begin(); !begun) return std::move(begun.error());
  if (info.frames > 0 && !opened->decode_block()) return unplayable("its audio is damaged");
  return opened;
}

Result<AudioFile::Handle> AudioFile::open_handle(int fd, SF_INFO& info) {
  if (::lseek(fd, 0, SEEK_SET) != 0) return unplayable("not a file");  // libsndfile takes the place for its start
  Handle handle(sf_open_fd(fd, SFM_READ, &info, SF_FALSE));
  if (!handle) return unplayable(sf_strerror(nullptr));
  return handle;
}

// Nothing of what was decoded counts any more.
Result<void> AudioFile::begin() {
  ready_.clear();
  used_ = 0;
  at_end_ = false;
  const auto rate = static_cast<std::uint32_t>(info_.samplerate);
  if (rate == rate_) return {};
  auto resampler = record::Resampler::open(rate, rate_, 1);
  if (!resampler) return std::move(resampler.error());
  resampler_ = std::move(*resampler);
  return {};
}

std::size_t AudioFile::read(std::span<std::int16_t> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    if (used_ == ready_.size() && !decode_block()) break;
    const std::size_t count = std::min(out.size() - done, ready_.size() - used_);
    std::copy_n(ready_.begin() + static_cast<std::ptrdiff_t>(used_), count,
                out.begin() + static_cast<std::ptrdiff_t>(done));
    used_ += count;
    done += count;
  }
  return done;
}

// Makes more of ready_; false at the end.
bool AudioFile::decode_block() {
  ready_.clear();
  used_ = 0;
  while (ready_.empty() && !at_end_) {
    const std::size_t count = decode(mono_);
    at_end_ = count == 0;
    if (!resampler_) {
      ready_.assign(mono_.begin(), mono_.begin() + static_cast<std::ptrdiff_t>(count));
    } else if (at_end_) {
      resampler_->drain(ready_);
    } else {
      resampler_->write(std::span(mono_).first(count), ready_);
    }
  }
  return !ready_.empty();
}

// The next frames of the file, at its own rate.
std::size_t AudioFile::decode(std::span<std::int16_t> out) {
  const auto wanted = std::min<sf_count_t>(static_cast<sf_count_t>(out.size()), kBlock);
  const sf_count_t frames = std::clamp<sf_count_t>(sf_readf_float(handle_.get(), decoded_.data(), wanted), 0, wanted);
  const auto channels = static_cast<std::size_t>(info_.channels);
  for (std::size_t i = 0; i < static_cast<std::size_t>(frames); ++i) {
    float sum = 0;
    for (std::size_t c = 0; c < channels; ++c) sum += decoded_[i * channels + c];
    out[i] = to_pcm(sum / static_cast<float>(channels));
  }
  frame_ += frames;
  return static_cast<std::size_t>(frames);
}

void AudioFile::seek(std::uint64_t sample) {
  const auto target = std::min<std::int64_t>(
      static_cast<std::int64_t>(sample * static_cast<std::uint64_t>(info_.samplerate) / rate_), info_.frames);
  if (info_.seekable != 0 && sf_seek(handle_.get(), target, SEEK_SET) == target) {
    frame_ = target;
  } else {
    // GSM in wav: libsndfile cannot seek in it. From the start, then.
    if (target < frame_) {
      SF_INFO info{};
      if (auto handle = open_handle(file_.get(), info); handle && info.channels == info_.channels) {
        handle_ = std::move(*handle);
        frame_ = 0;
      }
    }
    while (frame_ < target && decode(std::span(mono_).first(
                                  static_cast<std::size_t>(std::min<std::int64_t>(kBlock, target - frame_)))) > 0) {
    }
  }
  if (!begin()) at_end_ = true;
}

}  // namespace play
