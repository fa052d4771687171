#include "rtp/packet.hpp"
#include "rtp/source_statistics.hpp"
#include "rtp/telephone_event.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> bytes(data, size);
  const auto packet = rtp::Packet::parse(bytes);
  if (!packet) return 0;
  // The payload lies within the datagram, behind the header.
  if (packet->payload.data() < data + rtp::kHeaderSize) __builtin_trap();
  if (packet->payload.data() + packet->payload.size() > data + size) __builtin_trap();
  // The rest of the input as many packets' numbers.
  rtp::SourceStatistics source;
  rtp::DigitDetector digits;
  base::Time now{};
  for (std::size_t i = 0; i + 8 <= packet->payload.size(); i += 8) {
    rtp::Packet one = *packet;
    const auto* at = &packet->payload[i];
    one.sequence = static_cast<std::uint16_t>(at[0] << 8 | at[1]);
    one.timestamp = static_cast<std::uint32_t>(at[2]) << 24 | at[3];
    one.ssrc = at[4] & 1U;
    source.receive(one, static_cast<std::int64_t>(i));
    if (source.sequence() < 0) __builtin_trap();
    source.report();
    if (const auto event = rtp::TelephoneEvent::parse(packet->payload.subspan(i))) {
      digits.receive(*event, one.timestamp, now);
    }
    now += base::milliseconds(at[5]);
    digits.tick(now);
  }
  return 0;
}
