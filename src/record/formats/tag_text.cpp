#include "record/formats/tag_text.hpp"

#include <cstdint>

#include "base/utc.hpp"

namespace record {
namespace {

struct Character {
  std::uint32_t code;  // 0xFFFFFFFF: no UTF-8
  std::size_t length;  // bytes
};

// The first one of a text that is not empty (RFC 3629: no overlong forms, no surrogates).
Character first_character(std::string_view text) {
  constexpr Character kNone{0xFFFFFFFF, 1};
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return kNone;
  std::uint32_t code = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return kNone;
    code = code << 6U | (byte(i) & 0x3FU);
  }
  const std::uint32_t smallest = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
  if (code < smallest || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return kNone;
  return {code, length};
}

bool is_control(std::uint32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

std::string cleaned(std::string_view text, std::size_t longest, std::uint32_t highest_code) {
  std::string clean;
  while (!text.empty()) {
    const auto [code, length] = first_character(text);
    const std::string_view character = code <= highest_code ? text.substr(0, length) : "?";
    text.remove_prefix(length);
    if (is_control(code)) continue;
    if (clean.size() + character.size() > longest) break;
    clean += character;
  }
  return clean;
}

}  // namespace

std::string tag_text(std::string_view text, std::size_t longest) { return cleaned(text, longest, 0x10FFFF); }
std::string ascii_tag_text(std::string_view text, std::size_t longest) { return cleaned(text, longest, 0x7F); }

std::string title_of(const Tags& tags) {
  const std::string from = tag_text(tags.from);
  const std::string to = tag_text(tags.to);
  return from.empty() || to.empty() ? from + to : from + " -> " + to;
}

std::string started_of(const Tags& tags) {
  return tags.began.time_since_epoch().count() == 0 ? std::string() : base::utc_text(tags.began);
}

std::string date_of(const Tags& tags) { return started_of(tags).substr(0, 10); }

std::vector<TagField> own_fields(const Tags& tags) {
  std::vector<TagField> fields;
  const auto add = [&fields](std::string_view name, std::string value) {
    if (!value.empty()) fields.push_back({name, std::move(value)});
  };
  add("call-id", tag_text(tags.call_id));
  add("component-id", tag_text(tags.component_id));
  add("from", tag_text(tags.from));
  add("to", tag_text(tags.to));
  add("channels", tag_text(tags.channels));
  add("started", started_of(tags));
  return fields;
}

}  // namespace record
