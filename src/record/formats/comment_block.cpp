#include "record/formats/comment_block.hpp"

#include <string>

#include "record/formats/byte_printer.hpp"
#include "record/formats/tag_text.hpp"

namespace record {
namespace {

// "call-id" is "CALL_ID" here.
std::string field_name(std::string_view name) {
  std::string upper;
  for (const char c : name) upper += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return upper;
}

}  // namespace

std::vector<std::uint8_t> comment_block(const Tags& tags, std::string_view vendor) {
  std::vector<TagField> fields;
  if (std::string title = title_of(tags); !title.empty()) fields.push_back({"title", std::move(title)});
  if (std::string date = date_of(tags); !date.empty()) fields.push_back({"date", std::move(date)});
  if (std::string software = tag_text(tags.software); !software.empty()) {
    fields.push_back({"encoder", std::move(software)});
  }
  for (TagField& field : own_fields(tags)) fields.push_back(std::move(field));

  BytePrinter print;
  const auto text = [&print](std::string_view text) {
    print.little(text.size(), 4);
    print.text(text);
  };
  text(vendor);
  print.little(fields.size(), 4);
  for (const TagField& field : fields) text(field_name(field.name) + "=" + field.value);
  return print.take();
}

}  // namespace record
