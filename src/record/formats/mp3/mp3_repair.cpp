#include "record/formats/mp3/mp3_repair.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "record/formats/file_window.hpp"
#include "record/formats/mp3/info_tag.hpp"
#include "record/formats/mp3/seek_points.hpp"

namespace record::mp3 {
namespace {

constexpr std::uint64_t kDelay = 576 + 529;  // the encoder's and the decoder's
constexpr std::size_t kLargestFrame = 2048;  // of MPEG-1 at 320 kbit/s and 32 kHz: 1440

using Header = std::array<std::uint8_t, 4>;

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Version, rate and number of channels are those of the first frame.
bool belongs(std::span<const std::uint8_t> frame, const Header& first) {
  const bool is_mono = frame[3] >> 6U == 3;
  return frame[0] == first[0] && frame[1] == first[1] && (frame[2] & 0x0CU) == (first[2] & 0x0CU) &&
         is_mono == (first[3] >> 6U == 3);
}

std::optional<FrameFormat> format_of(const Header& header) {
  for (const std::uint32_t rate : {8000U, 11025U, 12000U, 16000U, 22050U, 24000U, 32000U, 44100U, 48000U}) {
    const auto format = frame_format(rate, header[3] >> 6U == 3 ? 1 : 2);
    if (!format || static_cast<unsigned>(format->version) != (header[1] >> 3U & 3U)) continue;
    if (format->rate_index == (header[2] >> 2U & 3U)) return format;
  }
  return std::nullopt;
}

// What is known of the file by its first frame.
struct Start {
  std::uint64_t at = 0;  // the tag's frame
  std::size_t size = 0;  // its size
  FrameFormat format;
  Header header{};
  InfoTag tag;
};

// Numbers of the tag that cannot be found out by counting. `body` begins at "Info" or "Xing".
InfoTag tag_of(std::span<const std::uint8_t> body) {
  constexpr std::size_t kLame = 120;
  InfoTag tag;
  tag.frames = big(body.subspan(8, 4));
  tag.quality = static_cast<int>((100 - std::min<std::uint64_t>(big(body.subspan(116, 4)), 100)) / 10);
  tag.method = static_cast<BitRateMethod>(body[kLame + 9] & 0x0FU);
  tag.lowpass_hz = body[kLame + 10] * 100;
  tag.kbps = body[kLame + 20];
  const auto ends = static_cast<std::uint32_t>(big(body.subspan(kLame + 21, 3)));
  tag.delay = ends >> 12U;
  tag.padding = ends & 0xFFFU;
  tag.music_crc = static_cast<std::uint16_t>(big(body.subspan(kLame + 32, 2)));
  return tag;
}

// Nothing where the file ends before its first frame does.
base::Result<std::optional<Start>> start_of(const OutputFile& file, FileWindow& window) {
  Start start;
  auto id3 = window.at(0, 10);
  if (!id3) return std::move(id3.error());
  if (id3->size() < 10) return std::optional<Start>();
  if (text_of(id3->first(3)) == "ID3") {
    for (std::size_t i = 6; i < 10; ++i) start.at = start.at << 7U | ((*id3)[i] & 0x7FU);
    start.at += 10;
  }
  if (start.at + 4 > file.size()) return std::optional<Start>();
  auto frame = window.at(start.at, kLargestFrame);
  if (!frame) return std::move(frame.error());
  if (frame->size() < 4) return std::optional<Start>();
  std::copy_n(frame->begin(), 4, start.header.begin());
  start.size = stated_frame_size(start.header);
  const auto format = format_of(start.header);
  if (start.size == 0 || !format) return base::Error{base::Kind::internal, "mp3: it does not begin as one"};
  if (frame->size() < start.size) return std::optional<Start>();
  start.format = *format;
  const std::size_t body = 4 + format->side_info_size();
  const auto name = body + 156 <= start.size ? text_of(frame->subspan(body, 4)) : std::string_view();
  if (name != "Info" && name != "Xing") return base::Error{base::Kind::internal, "mp3: it has no tag of ours"};
  start.tag = tag_of(frame->subspan(body, start.size - body));
  return std::optional(start);
}

// The bit rate that the tag's frame has: that of the audio may be less, and more than the tag can say.
int bitrate_of_tag(const Start& start) {
  for (const std::uint16_t kbps : bitrates(start.format.version)) {
    if (frame_size(start.format, kbps) == start.size) return kbps;
  }
  return start.tag.kbps;
}

}  // namespace

base::Result<Repaired> repair_mp3(OutputFile& file) {
  FileWindow window(file);
  auto found = start_of(file, window);
  if (!found) return std::move(found.error());
  if (!*found) return Repaired{};
  const Start& start = **found;
  const AudioFormat audio{start.format.rate, start.format.channels};

  std::uint64_t frames = 0;
  std::uint64_t end = start.at + start.size;
  std::uint16_t crc = 0;
  SeekPoints seek_points;
  for (;;) {
    auto bytes = window.at(end, kLargestFrame);
    if (!bytes) return std::move(bytes.error());
    if (bytes->size() < 4 || !belongs(*bytes, start.header)) break;
    const std::size_t size = stated_frame_size(bytes->first<4>());
    if (size == 0 || bytes->size() < size) break;
    crc = crc16(crc, bytes->first(size));
    seek_points.add(size);
    ++frames;
    end += size;
  }
  if (end < file.size()) {
    if (auto cut = file.truncate(end); !cut) return std::move(cut.error());
  }
  const std::uint64_t decoded = frames * start.format.samples();
  InfoTag tag = start.tag;
  if (frames == tag.frames && crc == tag.music_crc && decoded >= tag.delay + tag.padding) {
    return Repaired{audio, frames == 0 ? 0 : decoded - tag.delay - tag.padding};  // it is right as it is
  }
  const std::uint64_t samples = decoded > kDelay ? decoded - kDelay : 0;
  tag.frames = frames;
  tag.bytes = end - start.at;
  tag.delay = 576;
  tag.padding = static_cast<std::uint32_t>(decoded > tag.delay + samples ? decoded - tag.delay - samples : 0);
  tag.music_crc = crc;
  tag.table = seek_points.table(start.size);
  auto frame = info_tag_frame(start.format, tag);
  if (frame.size() != start.size) {
    tag.kbps = bitrate_of_tag(start);
    frame = info_tag_frame(start.format, tag);
  }
  if (frame.size() != start.size) return base::Error{base::Kind::internal, "mp3: its tag cannot be made anew"};
  if (auto put = file.rewrite(start.at, frame); !put) return std::move(put.error());
  return Repaired{audio, samples};
}

}  // namespace record::mp3
