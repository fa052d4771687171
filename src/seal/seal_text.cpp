#include "seal/seal_text.hpp"

#include <cstdint>
#include <vector>

#include "seal/sealer.hpp"

namespace seal {

base::Result<std::string> seal_text(std::span<const Recipient> recipients, std::string_view text) {
  auto sealer = Sealer::open(recipients);
  if (!sealer) return std::move(sealer.error());
  std::vector<std::uint8_t> sealed;
  sealer->append({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, sealed);
  sealer->end(sealed);
  return std::string(sealed.begin(), sealed.end());
}

}  // namespace seal
