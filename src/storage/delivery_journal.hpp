#pragma once
// The entries of the delivery queue on disk: <spool>/<id>.delivery, each replaced at once and synced, so that after a
// power cut there is the old one or the new one. Owned by one thread, which it blocks on the disk.

#include <filesystem>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "storage/delivery_entry.hpp"

namespace storage {

class DeliveryJournal {
 public:
  explicit DeliveryJournal(std::filesystem::path spool) : spool_(std::move(spool)) {}

  // Locks the spool against a second process; unavailable where there is one.
  base::Result<void> lock();
  // Of a recording that is new here: its pieces are whole and synced, and may still be called <name>.part. Removes what
  // the entry makes obsolete.
  base::Result<void> begin(const DeliveryEntry& entry) const;
  base::Result<void> write(const DeliveryEntry& entry) const;
  // <path>, or <path>.part as long as it has not got its name.
  static std::filesystem::path where_it_lies(const Piece& piece);
  // Removes the local files of a recording that is stored, then its entry.
  base::Result<void> forget(const DeliveryEntry& entry) const;

  struct Found {
    std::vector<DeliveryEntry> entries;
    std::vector<std::string> unreadable;  // "file: why"; they are left where they are
  };
  // What a process before this one left. A file that was still called <name>.part when it stopped gets its name: its
  // entry is written only once it is whole and synced.
  base::Result<Found> recover() const;

  const std::filesystem::path& spool() const { return spool_; }

 private:
  std::filesystem::path path_of(const std::string& id) const { return spool_ / (id + ".delivery"); }

  std::filesystem::path spool_;
  base::Fd lock_;
};

}  // namespace storage
