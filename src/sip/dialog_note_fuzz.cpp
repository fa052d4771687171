// Notes of dialogs, of any bytes: what is read can be written and is the same, and holds nothing that breaks a header.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sip/dialog_note.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto note = sip::parse_dialog_note(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!note) return 0;
  require(note->is_complete());
  for (const std::string* text : {&note->call_id, &note->local, &note->remote, &note->target, &note->route}) {
    require(text->find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
  const auto again = sip::parse_dialog_note(sip::text_of(*note));
  require(again && *again == *note);
  return 0;
}
