#include "record/formats/ogg_pages.hpp"

#include <new>

#include "base/random.hpp"

namespace record {

OggPages::OggPages(OutputFile& file) : file_(file) {
  // Fails for want of memory only. The serial number is random, so that files can be chained.
  if (ogg_stream_init(&stream_, static_cast<int>(base::random_u32())) != 0) throw std::bad_alloc();
}

base::Result<void> OggPages::put(std::span<const std::uint8_t> packet, std::int64_t granule, bool is_last) {
  ogg_packet entry{};
  entry.packet = const_cast<std::uint8_t*>(packet.data());  // libogg copies it
  entry.bytes = static_cast<long>(packet.size());
  entry.b_o_s = packets_ == 0 ? 1 : 0;
  entry.e_o_s = is_last ? 1 : 0;
  entry.granulepos = granule;
  entry.packetno = packets_++;
  if (ogg_stream_packetin(&stream_, &entry) != 0) {
    return base::Error{base::Kind::no_resources, "ogg: no memory for a packet"};
  }
  return write_pages(ogg_stream_pageout);
}

base::Result<void> OggPages::flush() { return write_pages(ogg_stream_flush); }

base::Result<void> OggPages::write_pages(int (*next_page)(ogg_stream_state*, ogg_page*)) {
  if (failed_) return {};
  buffer_.clear();
  ogg_page page{};
  std::int64_t reached = -1;  // -1: no packet ends on the page
  while (next_page(&stream_, &page) != 0) {
    buffer_.insert(buffer_.end(), page.header, page.header + page.header_len);
    buffer_.insert(buffer_.end(), page.body, page.body + page.body_len);
    if (const std::int64_t granule = ogg_page_granulepos(&page); granule >= 0) reached = granule;
  }
  if (buffer_.empty()) return {};
  if (auto put = file_.append(buffer_); !put) {
    failed_ = true;
    return put;
  }
  if (reached >= 0) granule_ = static_cast<std::uint64_t>(reached);
  return {};
}

}  // namespace record
