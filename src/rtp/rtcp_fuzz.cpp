#include "rtp/rtcp.hpp"
#include "rtp/rtcp_session.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto compound = rtp::Compound::parse({data, size});
  if (!compound) return 0;
  if (compound->block_count > rtp::Compound::kMaxBlocks) __builtin_trap();
  rtp::RtcpSession session(compound->block_count > 0 ? compound->blocks[0].ssrc : 1, {});
  rtp::SourceStatistics source;
  source.receive({.ssrc = compound->ssrc, .payload = {}}, 0);
  session.receive(*compound, base::Time{} + base::milliseconds(1));
  // What is said in return must be something that is understood.
  const auto bytes = session.report(base::Time{} + base::milliseconds(2), compound->sender, source, compound->bye);
  const auto again = rtp::Compound::parse(bytes);
  if (!again || again->block_count != 1 || again->bye != compound->bye) __builtin_trap();
  if (again->blocks[0].ssrc != compound->ssrc) __builtin_trap();
  return 0;
}
