// What sip/ itself reads out of bytes that came from the network or from a client's command.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sip/header_check.hpp"
#include "sip/listen_address.hpp"
#include "sip/message.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = text.find('\n');
  const auto first = text.substr(0, end);
  const auto rest = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);

  const auto [name, value] = sip::split_header(text);
  require(value.find_first_of("\r\n") == std::string::npos);
  if (sip::check_header(name, value))
    require((name + value).find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  (void)sip::check_uri(text);

  const auto part = sip::part_of_multipart(rest, first, "application/sdp");
  require(part.empty() || (part.data() >= rest.data() && part.data() + part.size() <= rest.data() + rest.size()));

  if (const auto listen = sip::ListenAddress::parse(text)) {
    const auto again = sip::ListenAddress::parse(listen->str());
    require(again && again->str() == listen->str());
  }
  return 0;
}
