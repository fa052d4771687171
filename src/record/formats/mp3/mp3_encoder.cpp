#include "record/formats/mp3/mp3_encoder.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "record/formats/mp3/id3_tag.hpp"

namespace record::mp3 {
namespace {

constexpr std::uint64_t kEncoderDelay = 576;
constexpr std::uint64_t kDecoderDelay = 529;
constexpr std::uint64_t kDelay = kEncoderDelay + kDecoderDelay;

constexpr std::size_t kChunk = 1152;                           // samples a channel given to LAME at once
constexpr std::size_t kLargestOutput = kChunk * 5 / 4 + 7200;  // as lame.h demands; also what a flush needs at most

void be_quiet(const char* /*format*/, va_list /*arguments*/) {}

BitRateMethod method_of(const Mp3Settings& settings) {
  if (!settings.vbr) return BitRateMethod::constant;
  return settings.kbps ? BitRateMethod::average : BitRateMethod::variable;
}

base::Error lame_error(const char* what) { return {base::Kind::internal, std::string("mp3: ") + what}; }

}  // namespace

Mp3Encoder::Mp3Encoder(OutputFile& file, const FrameFormat& format, const Mp3Settings& settings, Lame lame)
    : file_(file),
      format_(format),
      kbps_(method_of(settings) == BitRateMethod::variable ? bitrates(format.version).front()
                                                           : bitrate_for(settings, format)),
      quality_(method_of(settings) == BitRateMethod::variable ? settings.vbr_quality() : settings.effort()),
      method_(method_of(settings)),
      lame_(std::move(lame)) {}

Mp3Encoder::Lame Mp3Encoder::start_lame(const FrameFormat& format, const Mp3Settings& settings, float scale) {
  Lame lame(lame_init());
  lame_global_flags* flags = lame.get();
  if (flags == nullptr) return nullptr;
  lame_set_errorf(flags, be_quiet);
  lame_set_debugf(flags, be_quiet);
  lame_set_msgf(flags, be_quiet);
  lame_set_in_samplerate(flags, static_cast<int>(format.rate));
  lame_set_out_samplerate(flags, static_cast<int>(format.rate));
  lame_set_num_channels(flags, format.channels);
  lame_set_mode(flags, format.channels == 1 ? MONO : STEREO);
  lame_set_scale(flags, scale);
  lame_set_quality(flags, settings.effort());
  switch (method_of(settings)) {
    case BitRateMethod::constant:
      lame_set_VBR(flags, vbr_off);
      lame_set_brate(flags, bitrate_for(settings, format));
      break;
    case BitRateMethod::average:
      lame_set_VBR(flags, vbr_abr);
      lame_set_VBR_mean_bitrate_kbps(flags, bitrate_for(settings, format));
      break;
    case BitRateMethod::variable:
      lame_set_VBR(flags, vbr_mtrh);
      lame_set_VBR_q(flags, settings.vbr_quality());
      break;
  }
  lame_set_bWriteVbrTag(flags, 0);  // we write our own
  lame_set_write_id3tag_automatic(flags, 0);
  // LAME fills a few tables that all encoders share here, with the same values each time: harmless from two threads.
  if (lame_init_params(flags) < 0 || lame_get_encoder_delay(flags) != static_cast<int>(kEncoderDelay) ||
      lame_get_framesize(flags) != static_cast<int>(format.samples())) {
    return nullptr;
  }
  return lame;
}

base::Result<std::unique_ptr<Encoder>> Mp3Encoder::open(OutputFile& file, const AudioFormat& audio,
                                                        const Mp3Settings& settings, const Tags& tags) {
  const auto format = frame_format(audio.rate, audio.channels);
  if (!format || audio.channels < 1 || audio.channels > 2) {
    return base::Error{base::Kind::not_supported, "mp3 cannot hold " + std::to_string(audio.channels) +
                                                      " channels of " + std::to_string(audio.rate) + " Hz"};
  }
  Lame lame = start_lame(*format, settings, 1);
  // Below its highest bit rates LAME makes everything 0.45 dB softer (0.95); we keep the level that was spoken.
  if (lame && lame_get_scale(lame.get()) != 1) lame = start_lame(*format, settings, 1 / lame_get_scale(lame.get()));
  if (!lame) return lame_error("LAME refused the settings");
  std::unique_ptr<Mp3Encoder> encoder(new Mp3Encoder(file, *format, settings, std::move(lame)));
  if (auto put = file.append(id3_tag(tags)); !put) return std::move(put.error());
  encoder->tag_at_ = file.size();
  if (auto put = file.append(encoder->tag_frame()); !put) return std::move(put.error());
  return std::unique_ptr<Encoder>(std::move(encoder));
}

base::Result<void> Mp3Encoder::write(std::span<const std::int16_t> interleaved) {
  const auto channels = static_cast<std::size_t>(format_.channels);
  std::array<std::uint8_t, kLargestOutput> out;
  while (!interleaved.empty()) {
    const auto chunk = interleaved.first(std::min(interleaved.size(), kChunk * channels));
    interleaved = interleaved.subspan(chunk.size());
    const auto count = static_cast<int>(chunk.size() / channels);
    // LAME takes its input as not const, and leaves it alone.
    auto* pcm = const_cast<std::int16_t*>(chunk.data());
    const int made = channels == 1 ? lame_encode_buffer(lame_.get(), pcm, pcm, count, out.data(), out.size())
                                   : lame_encode_buffer_interleaved(lame_.get(), pcm, count, out.data(), out.size());
    if (made < 0) return lame_error("LAME failed to encode");
    pending_.insert(pending_.end(), out.begin(), out.begin() + made);
    written_ += static_cast<std::uint64_t>(count);
  }
  return put_frames(std::numeric_limits<std::uint64_t>::max());
}

base::Result<void> Mp3Encoder::put_frames(std::uint64_t most) {
  std::size_t whole = 0;
  std::vector<std::size_t> sizes;
  while (frames_ + sizes.size() < most && pending_.size() - whole >= 4) {
    const std::size_t size = stated_frame_size(std::span<const std::uint8_t, 4>(pending_.data() + whole, 4));
    if (size == 0) return lame_error("LAME made something that is no frame");
    if (pending_.size() - whole < size) break;
    whole += size;
    sizes.push_back(size);
  }
  if (whole == 0) return {};
  const std::span<const std::uint8_t> bytes(pending_.data(), whole);
  if (auto put = file_.append(bytes); !put) return put;
  music_crc_ = crc16(music_crc_, bytes);
  frames_ += sizes.size();
  for (const std::size_t size : sizes) seek_points_.add(size);
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(whole));
  return {};
}

std::uint64_t Mp3Encoder::samples() const {
  const std::uint64_t decoded = frames_ * format_.samples();
  return decoded > kDelay ? std::min(decoded - kDelay, written_) : 0;
}

std::vector<std::uint8_t> Mp3Encoder::tag_frame() const {
  // At least the decoder's delay: a player that finds more frames than the tag says (after a crash) drops none of them.
  const std::uint64_t decoded = frames_ * format_.samples();
  // Of an empty recording all is delay, up to a frame's end: ffmpeg cannot cut a frame at both ends.
  const std::uint64_t delay = written_ == 0 && decoded > kDelay ? decoded - kDecoderDelay : kEncoderDelay;
  const std::uint64_t audio = delay + samples();
  const std::uint64_t padding = decoded > audio ? decoded - audio : 0;
  InfoTag tag;
  tag.frames = frames_;
  const std::uint64_t tag_size = frame_size(format_, info_tag_bitrate(format_, kbps_));
  tag.bytes = std::max(file_.size() - tag_at_, tag_size);
  tag.delay = static_cast<std::uint32_t>(delay);
  tag.padding = static_cast<std::uint32_t>(padding);
  tag.music_crc = music_crc_;
  tag.kbps = kbps_;
  tag.method = method_;
  tag.table = seek_points_.table(tag_size);
  tag.lowpass_hz = lame_get_lowpassfreq(lame_.get());
  tag.quality = quality_;
  return info_tag_frame(format_, tag);
}

base::Result<void> Mp3Encoder::checkpoint() { return file_.rewrite(tag_at_, tag_frame()); }

base::Result<void> Mp3Encoder::finish() {
  std::array<std::uint8_t, kLargestOutput> out;
  const int made = lame_encode_flush(lame_.get(), out.data(), out.size());
  if (made < 0) return lame_error("LAME failed to finish");
  pending_.insert(pending_.end(), out.begin(), out.begin() + made);
  const std::uint64_t frame = format_.samples();
  if (auto put = put_frames((written_ + kDelay + frame - 1) / frame); !put) return put;
  return checkpoint();
}

}  // namespace record::mp3
