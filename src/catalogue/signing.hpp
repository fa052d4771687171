#pragma once
// Brings the manifest up to date with the catalogue: what has ended or was deleted and has no line yet gets one. Any
// thread that owns a Catalogue.

#include "catalogue/catalogue.hpp"
#include "catalogue/manifest.hpp"

namespace catalogue {

// How many lines were written. `look_back`: whether a line may be there already of which the catalogue knows nothing,
// because a crash came between the two; that is at start, and after a failure.
base::Result<std::size_t> sign_pending(Catalogue& catalogue, const Manifest& manifest, Instant now, bool look_back);

}  // namespace catalogue
