#pragma once
// Puts one recording right that a crash left in the spool, as it was asked for, so that it can be delivered.
//
//   leftover ─▶ repair every part (Format::repair) ─▶ facts out of the journal ─┬──────────────▶ Ready
//                                         several parts, a master, participants └─▶ finish() ─▶ Ready
//
// Nothing is removed that plays; what cannot be repaired is delivered as it is, and so is what is encrypted: as long as
// its map says. A plain function on a thread that may take its time.

#include <functional>
#include <optional>

#include "record/leftovers.hpp"
#include "record/ready.hpp"

namespace record {

// Nothing where it became too late: it stays for the next start. Takes the leftover's lock.
std::optional<Ready> recover(Leftover& leftover, const storage::Spool& spool, const std::function<bool()>& is_late);

}  // namespace record
