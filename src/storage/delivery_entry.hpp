#pragma once
// What the spool knows of one recording that is to be delivered, as a small JSON file <name>.delivery beside it:
//
//   waiting ─▶ (attempt, journaled before it begins) ─▶ waiting … ─▶ stored, with its uri ─▶ local files and entry gone
//      └─▶ spoiled: what is in the spool is not what was put there; left as it is, for a person
//
// A value. Reading one never trusts it: what is not whole and plausible is refused.

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "storage/stores/store.hpp"

namespace storage {

using WallTime = std::chrono::system_clock::time_point;

struct DeliveryEntry {
  enum class State { waiting, stored, spoiled };

  Item item;                        // paths of pieces are of the spool; attempt: of the next one
  std::vector<std::string> stores;  // the primary, and fallbacks in their order; not empty
  State state = State::waiting;
  WallTime spooled{};  // since when it is to be delivered
  WallTime next{};     // not before
  std::string error;   // of the last attempt
  // Once stored:
  std::string uri;
  std::string store;             // which
  std::filesystem::path file{};  // as in the Receipt
  WallTime stored{};

  // Of whoever submitted it, given back with the entry.
  std::map<std::string, std::string> notes{};
  bool is_told = false;  // whoever waited for it knows
  // Of the spool: removed as soon as the entry is on disk, before anything is delivered. Not part of the entry.
  std::vector<std::filesystem::path> obsolete{};

  const std::string& id() const { return item.about.id; }
};

std::string entry_text(const DeliveryEntry& entry);
// `spool`: where the pieces are. bad_request says what is wrong.
base::Result<DeliveryEntry> parse_entry(std::string_view text, const std::filesystem::path& spool);

}  // namespace storage
