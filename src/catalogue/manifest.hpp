#pragma once
// The chain of signed manifests (docs/catalogue.md): a text file, a line for each recording that ended and for each
// that was deleted.
//
//   {"at":…,"facts":"…","id":"…","kind":"recording","n":7,"prev":"…","sha256":"…", …} <Ed25519 signature in hex>
//        prev: SHA-256 of the whole line before, so that none can be changed, taken out or put in between
//
// What this cannot show by itself is that lines are missing at the end: the catalogue knows how many there have to be,
// and `head` can be kept elsewhere. Several processes append: each under a lock on the file. Any thread that may block
// on the disk.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "catalogue/recording.hpp"
#include "catalogue/signing_key.hpp"

namespace catalogue {

struct Entry {
  enum class Kind { recording, deletion };
  Kind kind = Kind::recording;
  Instant at{};
  std::string id{};
  std::string sha256{};  // of the file
  std::uint64_t size = 0;
  std::int64_t duration = 0;  // ms
  std::string facts{};        // facts_digest()
  std::string reason{};       // of a deletion
  bool is_late = false;       // signed by a later process than that which ended it
};

// SHA-256 of all that a recording was when it ended and may not change any more: parties, times, figures, gaps, the
// files beside it. Needs its details.
std::string facts_digest(const Recording& recording);
Entry entry_of_end(const Recording& recording, Instant now);
Entry entry_of_deletion(const Recording& recording, Instant now);

class Manifest {
 public:
  Manifest(std::filesystem::path file, SigningKey key) : file_(std::move(file)), key_(std::move(key)) {}

  // All of them or none, synced; the number of the first. A line that a crash left torn is cut off before.
  base::Result<std::int64_t> append(std::span<const Entry> entries) const;

  const std::filesystem::path& file() const { return file_; }
  const PublicKey& public_key() const { return key_.public_key(); }

 private:
  const std::filesystem::path file_;
  const SigningKey key_;
};

// A line as it was read.
struct Link {
  std::int64_t number = 0;
  std::string previous{};  // hash of the line before
  Entry entry;
};
// Nothing where it is no entry, or not signed by this key.
std::optional<Link> parse_line(std::string_view line, const PublicKey& key);

struct ManifestReport {
  std::int64_t lines = 0;
  std::int64_t last_number = 0;
  std::string head;                   // hash of the last line
  std::vector<std::string> findings;  // each a sentence
};
// Goes through the whole chain. A file that is not there has no lines.
base::Result<ManifestReport> read_manifest(const std::filesystem::path& file, const PublicKey& key,
                                           const std::function<void(const Link&)>& each);

}  // namespace catalogue
