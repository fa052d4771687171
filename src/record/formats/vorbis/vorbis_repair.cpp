#include "record/formats/vorbis/vorbis_repair.hpp"

#include <algorithm>
#include <string_view>

#include "record/formats/file_window.hpp"
#include "record/formats/ogg_repair.hpp"

namespace record::vorbis {

base::Result<Repaired> repair_vorbis(OutputFile& file) {
  auto ogg = repair_ogg(file);
  if (!ogg) return std::move(ogg.error());
  const std::span<const std::uint8_t> head(ogg->first_packet);
  if (head.empty()) return Repaired{};
  constexpr std::string_view kMagic = "\1vorbis";  // Vorbis I §4.2.2
  if (head.size() < 30 || !std::equal(kMagic.begin(), kMagic.end(), head.begin())) {
    return base::Error{base::Kind::internal, "vorbis: it does not begin as one"};
  }
  return Repaired{{static_cast<std::uint32_t>(little(head.subspan(12, 4))), head[11]}, ogg->granule};
}

}  // namespace record::vorbis
