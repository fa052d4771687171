#include "record/formats/opus/opus_encoder.hpp"

#include <algorithm>
#include <string>

#include "record/formats/byte_printer.hpp"
#include "record/formats/comment_block.hpp"

namespace record::opus {
namespace {

constexpr std::uint32_t kGranuleRate = 48000;
constexpr std::uint64_t kPacketTicks = kGranuleRate / 50;
constexpr std::size_t kLargestPacket = 2 * 1275;  // what 510 kbit/s makes of 20 ms

base::Error opus_error(const char* what, int code) {
  return {base::Kind::internal, std::string("opus: ") + what + ": " + opus_strerror(code)};
}

}  // namespace

OpusFileEncoder::OpusFileEncoder(OutputFile& file, const AudioFormat& audio, Opus opus, std::uint32_t pre_skip)
    : audio_(audio),
      ticks_a_sample_(kGranuleRate / audio.rate),
      pre_skip_(pre_skip),
      frame_size_(audio.rate / 50 * static_cast<std::size_t>(audio.channels)),
      opus_(std::move(opus)),
      pages_(file),
      packet_(kLargestPacket) {
  frame_.reserve(frame_size_);
}

base::Result<std::unique_ptr<Encoder>> OpusFileEncoder::open(OutputFile& file, const AudioFormat& audio,
                                                             const OpusSettings& settings, const Tags& tags) {
  const bool is_mono = audio.channels == 1;
  int error = OPUS_OK;
  Opus opus(opus_encoder_create(static_cast<opus_int32>(audio.rate), audio.channels,
                                is_mono ? OPUS_APPLICATION_AUDIO : OPUS_APPLICATION_RESTRICTED_LOWDELAY, &error));
  if (!opus) {
    return base::Error{base::Kind::not_supported, "opus cannot hold " + std::to_string(audio.channels) +
                                                      " channels of " + std::to_string(audio.rate) + " Hz"};
  }
  opus_int32 lookahead = 0;
  for (const int code : {opus_encoder_ctl(opus.get(), OPUS_SET_BITRATE(1000 * bitrate_for(settings, audio))),
                         opus_encoder_ctl(opus.get(), OPUS_SET_VBR(settings.vbr ? 1 : 0)),
                         opus_encoder_ctl(opus.get(), OPUS_SET_COMPLEXITY(complexity_for(settings))),
                         opus_encoder_ctl(opus.get(), OPUS_SET_FORCE_CHANNELS(audio.channels)),
                         opus_encoder_ctl(opus.get(), OPUS_SET_PHASE_INVERSION_DISABLED(1)),
                         opus_encoder_ctl(opus.get(), OPUS_GET_LOOKAHEAD(&lookahead))}) {
    if (code != OPUS_OK) return opus_error("settings", code);
  }
  const std::uint32_t pre_skip = static_cast<std::uint32_t>(lookahead) * (kGranuleRate / audio.rate);
  std::unique_ptr<OpusFileEncoder> encoder(new OpusFileEncoder(file, audio, std::move(opus), pre_skip));
  if (auto put = encoder->put_headers(tags); !put) return std::move(put.error());
  return std::unique_ptr<Encoder>(std::move(encoder));
}

base::Result<void> OpusFileEncoder::put_headers(const Tags& tags) {
  BytePrinter head;
  head.text("OpusHead");
  head.little(1, 1);  // version
  head.little(static_cast<std::uint32_t>(audio_.channels), 1);
  head.little(pre_skip_, 2);
  head.little(audio_.rate, 4);
  head.little(0, 2);  // gain
  head.little(0, 1);  // mapping family
  BytePrinter comment;
  comment.text("OpusTags");
  comment.bytes(comment_block(tags, opus_get_version_string()));
  for (const auto* header : {&head, &comment}) {  // each on a page of its own
    if (auto put = pages_.put(header->printed(), 0); !put) return put;
    if (auto put = pages_.flush(); !put) return put;
  }
  return {};
}

base::Result<void> OpusFileEncoder::write(std::span<const std::int16_t> interleaved) {
  written_ += interleaved.size() / static_cast<std::size_t>(audio_.channels);
  while (!interleaved.empty()) {
    const auto part = interleaved.first(std::min(interleaved.size(), frame_size_ - frame_.size()));
    frame_.insert(frame_.end(), part.begin(), part.end());
    interleaved = interleaved.subspan(part.size());
    if (frame_.size() < frame_size_) break;
    if (auto put = put_packet(encoded_ + kPacketTicks, false); !put) return put;
  }
  return pages_.granule() == 0 ? pages_.flush() : base::Result<void>();  // headers alone are no file to a player
}

base::Result<void> OpusFileEncoder::put_packet(std::uint64_t granule, bool is_last) {
  const int size = opus_encode(opus_.get(), frame_.data(), static_cast<int>(frame_size_) / audio_.channels,
                               packet_.data(), static_cast<opus_int32>(packet_.size()));
  if (size < 0) return opus_error("encode", size);
  frame_.clear();
  encoded_ += kPacketTicks;
  return pages_.put({packet_.data(), static_cast<std::size_t>(size)}, static_cast<std::int64_t>(granule), is_last);
}

base::Result<void> OpusFileEncoder::finish() {
  // There is always one more packet: whole ones of what was written cannot hold the pre-skip, too.
  const std::uint64_t end = pre_skip_ + written_ * ticks_a_sample_;
  while (encoded_ < end) {
    frame_.resize(frame_size_);
    const bool is_last = encoded_ + kPacketTicks >= end;
    if (auto put = put_packet(is_last ? end : encoded_ + kPacketTicks, is_last); !put) return put;
  }
  return pages_.flush();
}

std::uint64_t OpusFileEncoder::samples() const {
  return pages_.granule() > pre_skip_ ? (pages_.granule() - pre_skip_) / ticks_a_sample_ : 0;
}

}  // namespace record::opus
