// Whatever a store answers: some text comes of it, or none.

#include <cstdint>
#include <cstdlib>

#include "storage/stores/s3/xml_answer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"Code", "Message", "UploadId", "ETag"}) {
    if (storage::s3::text_of(xml, name).size() > size) std::abort();
  }
  for (const std::string_view upload : storage::s3::all_of(xml, "Upload")) storage::s3::text_of(upload, "Key");
  const std::string escaped = "<Key>" + storage::s3::xml_escaped(xml) + "</Key>";
  if (storage::s3::text_of(escaped, "Key") != xml && xml.find("&#34;") == std::string_view::npos) std::abort();
  return 0;
}
