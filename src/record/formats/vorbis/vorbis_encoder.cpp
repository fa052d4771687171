#include "record/formats/vorbis/vorbis_encoder.hpp"

#include <algorithm>
#include <string>
#include <vorbis/vorbisenc.h>

#include "record/formats/byte_printer.hpp"
#include "record/formats/comment_block.hpp"

namespace record::vorbis {
namespace {

constexpr int kDefaultKbps = 32;      // a channel, where a constant rate is wanted and none is named
constexpr std::size_t kChunk = 1024;  // samples given to libvorbis at once: bounds its memory

// libvorbis' quality is -0.1 to 1. Its own way to a bit rate is not taken: it cannot leave channels uncoupled.
constexpr float kWorst = -0.1F, kBest = 1;

bool set_quality(vorbis_info& info, const AudioFormat& audio, float quality) {
  int coupling = 0;
  return vorbis_encode_setup_vbr(&info, audio.channels, static_cast<long>(audio.rate), quality) == 0 &&
         vorbis_encode_ctl(&info, OV_ECTL_COUPLING_SET, &coupling) == 0;
}

// bit/s that libvorbis expects of a quality; 0 if it has none for this audio.
long nominal_bitrate(const AudioFormat& audio, float quality) {
  vorbis_info info{};
  vorbis_info_init(&info);
  const bool done = set_quality(info, audio, quality) && vorbis_encode_setup_init(&info) == 0;
  const long bitrate = done ? info.bitrate_nominal : 0;
  vorbis_info_clear(&info);
  return bitrate;
}

// The one whose bit rate is nearest.
float quality_for(const AudioFormat& audio, int kbps) {
  float low = kWorst, high = kBest;
  for (int step = 0; step < 8; ++step) {
    const float middle = (low + high) / 2;
    (nominal_bitrate(audio, middle) < 1000L * kbps ? low : high) = middle;
  }
  return (low + high) / 2;
}

// Held at all times, with two seconds' worth of bits in reserve.
bool set_constant_bitrate(vorbis_info& info, int kbps) {
  ovectl_ratemanage2_arg limits{};
  limits.management_active = 1;
  limits.bitrate_limit_min_kbps = limits.bitrate_limit_max_kbps = limits.bitrate_average_kbps = kbps;
  limits.bitrate_limit_reservoir_bits = 2000L * kbps;
  limits.bitrate_limit_reservoir_bias = 0.1;
  limits.bitrate_average_damping = 1.5;
  return vorbis_encode_ctl(&info, OV_ECTL_RATEMANAGE2_SET, &limits) == 0;
}

}  // namespace

VorbisEncoder::VorbisEncoder(OutputFile& file, const AudioFormat& audio) : audio_(audio), pages_(file) {
  vorbis_info_init(&info_);
}

VorbisEncoder::~VorbisEncoder() {
  // Each of them may be empty still.
  vorbis_block_clear(&block_);
  vorbis_dsp_clear(&state_);
  vorbis_info_clear(&info_);
}

base::Result<std::unique_ptr<Encoder>> VorbisEncoder::open(OutputFile& file, const AudioFormat& audio,
                                                           const VorbisSettings& settings, const Tags& tags) {
  std::unique_ptr<VorbisEncoder> encoder(new VorbisEncoder(file, audio));
  if (audio.channels < 1 || audio.channels > 2 || !encoder->set_up(settings)) {
    return base::Error{base::Kind::not_supported, "vorbis cannot hold " + std::to_string(audio.channels) +
                                                      " channels of " + std::to_string(audio.rate) + " Hz"};
  }
  if (auto put = encoder->put_headers(tags); !put) return std::move(put.error());
  return std::unique_ptr<Encoder>(std::move(encoder));
}

bool VorbisEncoder::set_up(const VorbisSettings& settings) {
  const bool has_bitrate = settings.kbps || !settings.vbr;
  const int kbps = settings.kbps.value_or(kDefaultKbps * audio_.channels);
  const float quality = has_bitrate ? quality_for(audio_, kbps) : static_cast<float>(10 - settings.quality) / 10;
  return set_quality(info_, audio_, quality) && (settings.vbr || set_constant_bitrate(info_, kbps)) &&
         vorbis_encode_setup_init(&info_) == 0 && vorbis_analysis_init(&state_, &info_) == 0 &&
         vorbis_block_init(&state_, &block_) == 0;
}

base::Result<void> VorbisEncoder::put_headers(const Tags& tags) {
  vorbis_comment none{};
  vorbis_comment_init(&none);
  ogg_packet identification{}, unused{}, codebooks{};
  const int error = vorbis_analysis_headerout(&state_, &none, &identification, &unused, &codebooks);
  vorbis_comment_clear(&none);
  if (error != 0) return base::Error{base::Kind::internal, "vorbis: libvorbis made no headers"};

  BytePrinter comments;  // §5.2.1: type 3, "vorbis", and a framing bit at the end
  comments.little(3, 1);
  comments.text("vorbis");
  comments.bytes(comment_block(tags, vorbis_version_string()));
  comments.little(1, 1);

  const auto bytes = [](const ogg_packet& packet) {
    return std::span<const std::uint8_t>(packet.packet, static_cast<std::size_t>(packet.bytes));
  };
  if (auto put = pages_.put(bytes(identification), 0); !put) return put;
  if (auto put = pages_.flush(); !put) return put;  // on a page of its own
  if (auto put = pages_.put(comments.printed(), 0); !put) return put;
  if (auto put = pages_.put(bytes(codebooks), 0); !put) return put;
  return pages_.flush();  // audio begins on a fresh page
}

base::Result<void> VorbisEncoder::write(std::span<const std::int16_t> interleaved) {
  constexpr float kFullScale = 32768;
  const auto channels = static_cast<std::size_t>(audio_.channels);
  while (!interleaved.empty()) {
    const std::size_t count = std::min(interleaved.size() / channels, kChunk);
    float** planes = vorbis_analysis_buffer(&state_, static_cast<int>(count));
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t i = 0; i < count; ++i) planes[c][i] = interleaved[i * channels + c] / kFullScale;
    }
    vorbis_analysis_wrote(&state_, static_cast<int>(count));
    interleaved = interleaved.subspan(count * channels);
    if (auto put = put_packets(); !put) return put;
  }
  return pages_.granule() == 0 ? pages_.flush() : base::Result<void>();  // headers alone are no file to a player
}

base::Result<void> VorbisEncoder::put_packets() {
  while (vorbis_analysis_blockout(&state_, &block_) == 1) {
    if (vorbis_analysis(&block_, nullptr) != 0 || vorbis_bitrate_addblock(&block_) != 0) {
      return base::Error{base::Kind::internal, "vorbis: libvorbis failed to encode"};
    }
    ogg_packet packet{};
    while (vorbis_bitrate_flushpacket(&state_, &packet) == 1) {
      const std::span<const std::uint8_t> bytes(packet.packet, static_cast<std::size_t>(packet.bytes));
      if (packet.e_o_s != 0) {  // alone on its page, or ffmpeg cuts a short file wrongly
        if (auto put = pages_.flush(); !put) return put;
      }
      if (auto put = pages_.put(bytes, packet.granulepos, packet.e_o_s != 0); !put) return put;
    }
  }
  return {};
}

base::Result<void> VorbisEncoder::finish() {
  vorbis_analysis_wrote(&state_, 0);  // the end
  if (auto put = put_packets(); !put) return put;
  return pages_.flush();
}

}  // namespace record::vorbis
