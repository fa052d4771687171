// PCMA: G.711 A-law, RFC 3551 §4.5.14.
#include "codec/g711.hpp"

namespace codec::pcma {

std::span<const Codec* const> codecs() {
  static const g711::Codec<g711::alaw_to_linear, g711::linear_to_alaw> instance("PCMA", 8, 20);
  static const std::array<const Codec*, 1> all = {&instance};
  return all;
}

}  // namespace codec::pcma
