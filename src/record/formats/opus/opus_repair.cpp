#include "record/formats/opus/opus_repair.hpp"

#include <algorithm>
#include <string_view>

#include "record/formats/file_window.hpp"
#include "record/formats/ogg_repair.hpp"

namespace record::opus {

base::Result<Repaired> repair_opus(OutputFile& file) {
  constexpr std::uint32_t kGranuleRate = 48000;
  auto ogg = repair_ogg(file);
  if (!ogg) return std::move(ogg.error());
  const std::span<const std::uint8_t> head(ogg->first_packet);
  if (head.empty()) return Repaired{};
  constexpr std::string_view kMagic = "OpusHead";  // RFC 7845 §5.1
  if (head.size() < 19 || !std::equal(kMagic.begin(), kMagic.end(), head.begin())) {
    return base::Error{base::Kind::internal, "opus: it does not begin as one"};
  }
  const AudioFormat audio{static_cast<std::uint32_t>(little(head.subspan(12, 4))), head[9]};
  const std::uint64_t pre_skip = little(head.subspan(10, 2));
  if (audio.rate == 0 || audio.rate > kGranuleRate || ogg->granule <= pre_skip) return Repaired{audio, 0};
  return Repaired{audio, (ogg->granule - pre_skip) / (kGranuleRate / audio.rate)};
}

}  // namespace record::opus
