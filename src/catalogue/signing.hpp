#pragma once
// Brings the manifest up to date with the catalogue: what has ended or was deleted and has no line yet gets one. Any
// thread that owns a Catalogue.

#include <set>
#include <string>

#include "catalogue/catalogue.hpp"
#include "catalogue/manifest.hpp"

namespace catalogue {

struct Signing {
  // Whose ends and deletions; who has made them knows. Null: of all, and their lines say that they are late. A row that
  // somebody has put in while a server runs is so never signed as if the server had recorded it.
  const std::set<std::string>* only = nullptr;
  // Whether a line may be there already of which the catalogue knows nothing, because a crash came between the two:
  // that is at start, and after a failure.
  bool look_back = false;
};

// How many lines were written.
base::Result<std::size_t> sign_pending(Catalogue& catalogue, const Manifest& manifest, Instant now,
                                       const Signing& signing);

}  // namespace catalogue
