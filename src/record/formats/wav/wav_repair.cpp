#include "record/formats/wav/wav_repair.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "record/formats/file_window.hpp"
#include "record/formats/wav/wav_header.hpp"

namespace record::wav {
namespace {

constexpr std::uint64_t kMostHeader = std::uint64_t{1} << 20U;  // ours have less than 4 kB
constexpr std::uint64_t kSeeDs64 = 0xFFFFFFFF;

struct Found {
  std::vector<std::uint8_t> header;  // all up to the samples
  WavLayout layout;
  AudioFormat audio;
  std::size_t fact = 0;
  std::uint64_t stated = 0;  // bytes of samples, as the header has it
  std::uint64_t samples = 0;
};

base::Error no_wav(const char* what) { return {base::Kind::internal, std::string("wav: ") + what}; }

// What the fmt chunk says; nothing where it makes no sense.
std::optional<Found> layout_of(std::span<const std::uint8_t> body) {
  if (body.size() < 16) return std::nullopt;
  Found found;
  found.layout.tag = static_cast<std::uint32_t>(little(body.subspan(0, 2)));
  found.audio.channels = static_cast<int>(little(body.subspan(2, 2)));
  found.audio.rate = static_cast<std::uint32_t>(little(body.subspan(4, 4)));
  found.layout.block_size = static_cast<std::uint32_t>(little(body.subspan(12, 2)));
  if (body.size() >= 20) found.layout.block_samples = static_cast<std::uint32_t>(little(body.subspan(18, 2)));
  const bool makes_sense =
      found.audio.channels > 0 && found.audio.rate > 0 && found.layout.block_size > 0 && found.layout.block_samples > 0;
  return makes_sense ? std::optional(found) : std::nullopt;
}

// Nothing where the file ends before its samples begin.
base::Result<std::optional<Found>> find(const OutputFile& file) {
  FileWindow window(file);
  auto start = window.at(0, 12);
  if (!start) return std::move(start.error());
  if (start->size() < 12) return std::optional<Found>();
  const std::string_view riff(reinterpret_cast<const char*>(start->data()), 12);
  if ((riff.substr(0, 4) != "RIFF" && riff.substr(0, 4) != "RF64") || riff.substr(8) != "WAVE") {
    return no_wav("it does not begin as one");
  }
  std::optional<Found> found;
  std::size_t fact = 0;
  std::uint64_t large_size = 0, large_samples = 0;
  std::uint64_t at = 12;
  while (at < kMostHeader) {
    auto head = window.at(at, 8);
    if (!head) return std::move(head.error());
    if (head->size() < 8) return std::optional<Found>();
    const std::string name(reinterpret_cast<const char*>(head->data()), 4);
    const std::uint64_t size = little(head->subspan(4, 4));
    at += 8;
    if (name == "data") {
      if (!found) return no_wav("its samples come before what they are");
      std::vector<std::uint8_t> header(at);
      auto got = file.read(0, header);
      if (!got) return std::move(got.error());
      found->header = std::move(header);
      found->fact = fact;
      found->stated = size == kSeeDs64 ? large_size : size;
      const std::uint64_t said = fact == 0 ? 0 : little(std::span<const std::uint8_t>(found->header).subspan(fact, 4));
      found->samples = said == kSeeDs64 ? large_samples : said;
      return found;
    }
    if (size > kMostHeader) return no_wav("a part of its header is too long");
    auto body = window.at(at, static_cast<std::size_t>(size));
    if (!body) return std::move(body.error());
    if (body->size() < size) return std::optional<Found>();
    if (name == "fmt " && !(found = layout_of(*body))) return no_wav("its header does not say what it holds");
    if (name == "fact" && size >= 4) fact = static_cast<std::size_t>(at);
    if (name == "ds64" && size >= 24) {
      large_size = little(body->subspan(8, 8));
      large_samples = little(body->subspan(16, 8));
    }
    at += size + size % 2;
  }
  return no_wav("its header does not end");
}

}  // namespace

base::Result<Repaired> repair_wav(OutputFile& file) {
  auto looked = find(file);
  if (!looked) return std::move(looked.error());
  if (!*looked) return Repaired{};
  Found& found = **looked;
  const std::uint64_t begin = found.header.size();
  const bool is_whole = found.stated > 0 && begin + found.stated + found.stated % 2 == file.size();
  const std::uint64_t blocks = (is_whole ? found.stated : file.size() - begin) / found.layout.block_size;
  const std::uint64_t data_size = blocks * found.layout.block_size;
  std::uint64_t samples = blocks * found.layout.block_samples;
  if (is_whole && found.fact != 0 && found.samples <= samples) samples = found.samples;
  if (is_whole) return Repaired{found.audio, samples};
  if (file.size() != begin + data_size) {
    if (auto cut = file.truncate(begin + data_size); !cut) return std::move(cut.error());
  }
  if (data_size % 2 != 0) {
    constexpr std::array<std::uint8_t, 1> kPad = {0};
    if (auto put = file.append(kPad); !put) return std::move(put.error());
  }
  WavHeader header(std::move(found.header), found.fact);
  if (auto put = file.rewrite(0, header.with_data(data_size, samples)); !put) return std::move(put.error());
  return Repaired{found.audio, samples};
}

}  // namespace record::wav
