// PCMU: G.711 µ-law, RFC 3551 §4.5.14.
#include "codec/g711.hpp"

namespace codec::pcmu {

std::span<const Codec* const> codecs() {
  static const g711::Codec<g711::mulaw_to_distinct_linear, g711::linear_to_mulaw> instance("PCMU", 0, 10);
  static const std::array<const Codec*, 1> all = {&instance};
  return all;
}

}  // namespace codec::pcmu
