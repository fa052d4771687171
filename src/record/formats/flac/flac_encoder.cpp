#include "record/formats/flac/flac_encoder.hpp"

#include <algorithm>
#include <string>

#include "record/formats/comment_block.hpp"

namespace record::flac {
namespace {

base::Error flac_error(const char* what) { return {base::Kind::internal, std::string("flac: ") + what}; }

// Samples: 128 to 192 ms up to 24 kHz. Above that 4096, the longest that every player must know (RFC 9639 §7).
std::uint32_t block_size_for(std::uint32_t rate) { return rate < 12000 ? 1024 : rate < 24000 ? 2048 : 4096; }

}  // namespace

base::Result<std::unique_ptr<Encoder>> FlacEncoder::open(OutputFile& file, const AudioFormat& audio,
                                                         const FlacSettings& settings, const Tags& tags) {
  std::unique_ptr<FlacEncoder> self(new FlacEncoder(file));
  StreamInfo& info = self->info_;
  info.rate = audio.rate;
  info.channels = audio.channels;
  info.block_size = block_size_for(audio.rate);

  self->encoder_.reset(FLAC__stream_encoder_new());
  FLAC__StreamEncoder* encoder = self->encoder_.get();
  if (encoder == nullptr) return base::Error{base::Kind::no_resources, "flac: no memory for the encoder"};
  FLAC__stream_encoder_set_channels(encoder, static_cast<std::uint32_t>(audio.channels));
  FLAC__stream_encoder_set_bits_per_sample(encoder, 16);
  FLAC__stream_encoder_set_sample_rate(encoder, audio.rate);
  FLAC__stream_encoder_set_compression_level(encoder, static_cast<std::uint32_t>(settings.compression));
  FLAC__stream_encoder_set_blocksize(encoder, info.block_size);
  const auto status = FLAC__stream_encoder_init_stream(encoder, take, nullptr, nullptr, take_info, self.get());
  if (status != FLAC__STREAM_ENCODER_INIT_STATUS_OK) {
    return base::Error{base::Kind::not_supported, "flac cannot hold " + std::to_string(audio.channels) +
                                                      " channels of " + std::to_string(audio.rate) + " Hz"};
  }

  auto start = stream_start(info);
  const auto comment = comment_block(tags, FLAC__VENDOR_STRING);
  const auto header = block_header(BlockType::vorbis_comment, comment.size(), true);
  start.insert(start.end(), header.begin(), header.end());
  start.insert(start.end(), comment.begin(), comment.end());
  if (auto put = file.append(start); !put) return std::move(put.error());
  return std::unique_ptr<Encoder>(std::move(self));
}

// libFLAC ends the stream when it is deleted, and would call back into members that are gone.
FlacEncoder::~FlacEncoder() { encoder_.reset(); }

FLAC__StreamEncoderWriteStatus FlacEncoder::take(const FLAC__StreamEncoder* /*encoder*/, const FLAC__byte* bytes,
                                                 std::size_t size, std::uint32_t samples, std::uint32_t /*frame*/,
                                                 void* self) {
  auto* encoder = static_cast<FlacEncoder*>(self);
  if (samples == 0) return FLAC__STREAM_ENCODER_WRITE_STATUS_OK;  // its own metadata
  encoder->pending_.insert(encoder->pending_.end(), bytes, bytes + size);
  encoder->pending_samples_ += samples;
  return FLAC__STREAM_ENCODER_WRITE_STATUS_OK;
}

void FlacEncoder::take_info(const FLAC__StreamEncoder* /*encoder*/, const FLAC__StreamMetadata* metadata, void* self) {
  StreamInfo& info = static_cast<FlacEncoder*>(self)->info_;
  info.smallest = metadata->data.stream_info.min_framesize;
  info.largest = metadata->data.stream_info.max_framesize;
  std::copy(std::begin(metadata->data.stream_info.md5sum), std::end(metadata->data.stream_info.md5sum),
            info.md5.begin());
}

base::Result<void> FlacEncoder::write(std::span<const std::int16_t> interleaved) {
  wide_.assign(interleaved.begin(), interleaved.end());
  const auto count = static_cast<std::uint32_t>(interleaved.size() / static_cast<std::size_t>(info_.channels));
  if (FLAC__stream_encoder_process_interleaved(encoder_.get(), wide_.data(), count) == 0) {
    return flac_error("libFLAC failed to encode");
  }
  return put_frames();
}

base::Result<void> FlacEncoder::put_frames() {
  if (pending_.empty()) return {};
  if (auto put = file_.append(pending_); !put) return put;
  info_.samples += pending_samples_;
  pending_.clear();
  pending_samples_ = 0;
  return {};
}

base::Result<void> FlacEncoder::checkpoint() { return file_.rewrite(0, stream_start(info_)); }

base::Result<void> FlacEncoder::finish() {
  if (FLAC__stream_encoder_finish(encoder_.get()) == 0) return flac_error("libFLAC failed to finish");
  if (auto put = put_frames(); !put) return put;
  return checkpoint();
}

}  // namespace record::flac
