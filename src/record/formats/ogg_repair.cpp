#include "record/formats/ogg_repair.hpp"

#include <numeric>
#include <ogg/ogg.h>
#include <string_view>

#include "record/formats/file_window.hpp"

namespace record {
namespace {

constexpr std::size_t kHeader = 27;
constexpr std::size_t kGranuleAt = 6, kSerialAt = 14, kChecksumAt = 22;
constexpr std::uint8_t kEndOfStream = 4;

struct Page {
  std::uint64_t at = 0;
  std::vector<std::uint8_t> bytes;
  std::size_t head_size = 0;

  std::int64_t granule() const { return static_cast<std::int64_t>(little(std::span(bytes).subspan(kGranuleAt, 8))); }
  std::uint64_t serial() const { return little(std::span(bytes).subspan(kSerialAt, 4)); }
  bool ends_a_packet() const { return head_size > kHeader && bytes[head_size - 1] < 255; }
  bool is_last() const { return (bytes[5] & kEndOfStream) != 0; }
  void sum() {
    ogg_page page{bytes.data(), static_cast<long>(head_size), bytes.data() + head_size,
                  static_cast<long>(bytes.size() - head_size)};
    ogg_page_checksum_set(&page);
  }
};

// One without bytes where none that is whole is there.
base::Result<Page> page_at(FileWindow& window, std::uint64_t at) {
  auto head = window.at(at, kHeader + 255);
  if (!head) return std::move(head.error());
  if (head->size() < kHeader || std::string_view(reinterpret_cast<const char*>(head->data()), 4) != "OggS")
    return Page{};
  const std::size_t head_size = kHeader + (*head)[kHeader - 1];
  if (head->size() < head_size) return Page{};
  const auto lengths = head->subspan(kHeader, head_size - kHeader);
  const std::size_t size = std::accumulate(lengths.begin(), lengths.end(), head_size);
  auto all = window.at(at, size);
  if (!all) return std::move(all.error());
  if (all->size() < size) return Page{};
  Page page{at, {all->begin(), all->end()}, head_size};
  page.sum();
  for (std::size_t i = kChecksumAt; i < kChecksumAt + 4; ++i) {
    if (page.bytes[i] != (*all)[i]) return Page{};
  }
  return page;
}

}  // namespace

base::Result<OggEnd> repair_ogg(OutputFile& file) {
  FileWindow window(file);
  OggEnd end;
  Page last;  // on which a packet ends
  std::uint64_t serial = 0;
  int pages = 0;  // of audio
  for (std::uint64_t at = 0; at < file.size();) {
    auto page = page_at(window, at);
    if (!page) return std::move(page.error());
    if (page->bytes.empty()) break;
    if (at == 0) {
      serial = page->serial();
      end.first_packet.assign(page->bytes.begin() + static_cast<std::ptrdiff_t>(page->head_size), page->bytes.end());
    }
    if (page->serial() != serial) break;
    at += page->bytes.size();
    if (page->granule() > 0) ++pages;
    if (page->ends_a_packet() && page->granule() >= 0) last = std::move(*page);
    if (last.bytes.size() > kHeader && last.is_last()) break;
  }
  if (last.bytes.empty()) return OggEnd{};
  end.granule = static_cast<std::uint64_t>(last.granule());
  const std::uint64_t size = last.at + last.bytes.size();
  if (size < file.size()) {
    if (auto cut = file.truncate(size); !cut) return std::move(cut.error());
  }
  // ffmpeg cuts the start off where the first page of audio is marked as the last.
  if (!last.is_last() && pages > 1) {
    last.bytes[5] |= kEndOfStream;
    last.sum();
    const auto head = std::span<const std::uint8_t>(last.bytes).first(last.head_size);
    if (auto put = file.rewrite(last.at, head); !put) return std::move(put.error());
  }
  return end;
}

}  // namespace record
