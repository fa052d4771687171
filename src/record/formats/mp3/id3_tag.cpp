#include "record/formats/mp3/id3_tag.hpp"

#include <string>
#include <string_view>

#include "record/formats/byte_printer.hpp"
#include "record/formats/tag_text.hpp"

namespace record::mp3 {
namespace {

// Seven bits a byte (§6.2), so that no size looks like the start of an MPEG frame.
std::uint32_t synchsafe(std::size_t size) {
  std::uint32_t spread = 0;
  for (unsigned i = 0; i < 4; ++i) spread |= static_cast<std::uint32_t>(size >> (7 * i) & 0x7FU) << (8 * i);
  return spread;
}

// A text frame (§4.2); one of our own (§4.2.6) has its name and a zero before its value.
void text_frame(BytePrinter& print, std::string_view id, const std::string& text) {
  constexpr int kUtf8 = 3;
  if (text.empty()) return;
  print.text(id);
  print.big(synchsafe(1 + text.size()), 4);
  print.big(0, 2);  // flags
  print.big(kUtf8, 1);
  print.text(text);
}

}  // namespace

std::vector<std::uint8_t> id3_tag(const Tags& tags) {
  BytePrinter frames;
  text_frame(frames, "TIT2", title_of(tags));
  text_frame(frames, "TDRC", started_of(tags).substr(0, 19));  // to the second
  text_frame(frames, "TSSE", tag_text(tags.software));
  for (const TagField& field : own_fields(tags)) {
    text_frame(frames, "TXXX", std::string(field.name) + '\0' + field.value);
  }
  if (frames.size() == 0) return {};
  BytePrinter tag;
  tag.text("ID3");
  tag.big(0x0400, 2);  // version 2.4.0
  tag.big(0, 1);       // flags
  tag.big(synchsafe(frames.size()), 4);
  tag.bytes(frames.printed());
  return tag.take();
}

}  // namespace record::mp3
