// Notes of any bytes, and the client that a recording's journal names: what is read can be written and is the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "rayo/untold.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto event = rayo::parse_untold("id", text)) {
    require(event->host.is_bare() && !event->client.is_bare());
    require(event->kind != rayo::UntoldEvent::Kind::end || (event->due && !event->on_mixer));
    const std::string written = rayo::text_of(*event);
    const auto again = rayo::parse_untold("id", written);
    require(again && rayo::text_of(*again) == written);
  }
  if (const auto event = rayo::parse_asker("id", text)) {
    const std::string written = rayo::asker_text(event->host, event->on_mixer, event->client);
    const auto again = rayo::parse_asker("id", written);
    require(again && again->host == event->host && again->client == event->client);
  }
  return 0;
}
