#pragma once
// A storage strategy as a plug-in: a folder storage/stores/<name>/ that defines
// `std::span<const Strategy* const> storage::<name>::stores()`. How to write one: docs/stores.md.
//
// A Store is owned by one delivery thread, which it may block; every delivery thread opens its own, so that a store may
// keep a connection and needs no lock.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "storage/settings.hpp"

namespace storage {

// One file of a recording: complete and synced.
struct Piece {
  std::filesystem::path path;  // in the spool
  std::string name;            // what it is to be called: letters, digits, '_', '-', '.'; no other has it
  std::uint64_t size = 0;
  std::string sha256;  // 64 hexadecimal digits, lower case
  std::string content_type;
};

// What is known of a recording; `from`, `to` and `account` may be what a peer sent.
struct About {
  std::string id;  // the same in every attempt, of no other recording
  std::string call_id, component_id;
  std::string account;
  std::string from, to;
  std::string format;
  std::chrono::system_clock::time_point began{};
  std::chrono::milliseconds duration{0};
};

// A recording as it is delivered.
struct Item {
  About about;
  // The first is the recording; behind it what belongs to it (files of participants, the sidecar). Those are stored
  // first, so that where the recording can be seen the rest can be too.
  std::vector<Piece> pieces;
  int attempt = 1;  // from 2 on an earlier one may have stored all or part of it
};

// A recording that is still being made.
struct Growing {
  About about;  // its duration is not known yet
  // `path`: where it grows, in the spool. `size`: what of it is there and will not change, but for its first 64 KiB,
  // which hold a header. `name` and `content_type` as they will be in the Item; `sha256` is empty.
  Piece piece;
};

struct Receipt {
  std::string uri;                  // where the recording can be fetched
  std::filesystem::path file = {};  // where this machine has it, if the store is one of its directories
};

class Store {
 public:
  virtual ~Store() = default;
  // Stores all of the item and makes sure of it: once this says yes the local copy may be deleted. Doing it again,
  // after an attempt that failed or whose end nobody saw, must leave one copy. `stopping`: give up soon. unavailable:
  // it may work later. All errors are tried again; the text is for the operator.
  virtual base::Result<Receipt> store(const Item& item, const std::atomic<bool>& stopping) = 0;
  // The uri that the item will have, where that can be told before it is stored; else empty.
  virtual std::string expected_uri(const Item& /*item*/) const { return {}; }
  // Deletes what store() has put there. `item` is what the catalogue knows of it: nothing of it is in the spool any
  // more, and its attempt does not count; `uri` is the receipt's. What is gone already is no error. not_supported: this
  // store deletes nothing. conflict: it is none of this store's, as that is configured now.
  virtual base::Result<void> remove(const Item& /*item*/, const std::string& /*uri*/,
                                    const std::atomic<bool>& /*stopping*/) {
    return base::Error{base::Kind::not_supported, "stores of this strategy delete nothing"};
  }

  // For stores that can take a recording while it grows; others leave these as they are.
  //
  // How many bytes more are worth a call of grown(); 0: none are.
  virtual std::uint64_t portion() const { return 0; }
  // Uploads a portion of what has not been uploaded. True: there is more. What is needed to go on is kept in a file
  // beside it, <piece.name>.<what the store likes>.upload, so that store() can do it, on any thread, in another
  // process. It proves there that nothing has changed since.
  virtual base::Result<bool> grown(const Growing& /*growing*/, const std::atomic<bool>& /*stopping*/) { return false; }
  // The file <spool>/<piece.name> will never come: undoes what grown() or a store() that failed has left at the
  // service, and removes its ".upload". Nothing where there is none of this store's.
  virtual base::Result<void> forget(const std::filesystem::path& /*file*/, const std::atomic<bool>& /*stopping*/) {
    return {};
  }
  // At start and once a day: what no ".upload" tells of any more, because a spool was lost.
  virtual base::Result<void> tidy(std::chrono::system_clock::time_point /*now*/,
                                  const std::atomic<bool>& /*stopping*/) {
    return {};
  }
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  virtual std::string_view name() const = 0;  // [storage] strategy = "…"
  // Judges the settings and connects to nothing. The caller refuses what has not been asked for (Settings::judge()).
  virtual base::Result<std::unique_ptr<Store>> open(Settings& settings) const = 0;
};

// Those built in (generated by cmake/plugins.cmake).
std::span<const Strategy* const> stores();
const Strategy* find_strategy(std::string_view name);

// Opens the store that the settings' key "strategy" names; bad_request names the key that is wrong, missing or unknown.
base::Result<std::unique_ptr<Store>> open_store(Settings settings);

}  // namespace storage
