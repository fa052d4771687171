#pragma once
// A small file at once, sealed and whole: what SealedFile makes of one that grows. A pure function.

#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "seal/keys.hpp"

namespace seal {

// The bytes of the sealed file that holds `text`. Errors as those of Sealer::open().
base::Result<std::string> seal_text(std::span<const Recipient> recipients, std::string_view text);

}  // namespace seal
