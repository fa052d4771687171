#pragma once
// Puts one recording right that a crash left in the spool, and gives it to the store as it was asked for.
//
//   leftover ─▶ delivered already? ─yes─▶ what is left of it is removed
//                      └─no─▶ repair every part (Format::repair) ─▶ facts out of the journal ─┬─▶ store
//                                                       several parts, a master, participants └─▶ finish() ─▶ store
//
// Nothing is removed that plays and is not stored; what cannot be repaired is stored as it is, and so is what is
// encrypted: as long as its map says. A plain function on a
// thread that may take its time.

#include <functional>
#include <optional>
#include <string>

#include "record/finishing.hpp"
#include "record/leftovers.hpp"
#include "record/recovered.hpp"

namespace record {

// Nothing where it became too late, and where it cannot be stored: it stays for the next start.
std::optional<Recovered> recover(const Leftover& leftover, const FinishingPlaces& places,
                                 const std::function<bool()>& is_late);

}  // namespace record
