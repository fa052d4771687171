#include "catalogue/verify.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "catalogue/digest.hpp"

namespace catalogue {
namespace {

namespace fs = std::filesystem;
using Kind = Finding::Kind;

// What the manifest says of one recording.
struct Signed {
  std::optional<Entry> end;
  std::optional<Entry> deletion;
};

class Verification {
 public:
  Verification(const Database& database, const VerifyOptions& options) : database_(database), options_(options) {}

  base::Result<VerifyReport> run();

 private:
  base::Result<void> read_chain();
  void check_head(const std::set<std::string>& heads);
  base::Result<void> check_catalogue();
  void check_signature(const Recording& recording);
  void check_files(const Recording& recording);
  void check_file(const std::string& id, const std::string& path, const std::string& sha256, std::uint64_t size);
  void check_length(const Recording& recording);
  void check_folder(const fs::path& folder);

  void found(Kind kind, const std::string& id, std::string text) {
    report_.findings.push_back({kind, id, std::move(text)});
  }

  const Database& database_;
  const VerifyOptions& options_;
  VerifyReport report_;
  std::unordered_map<std::string, Signed> signed_;
  std::set<std::string> known_files_;
  std::int64_t last_in_catalogue_ = 0;  // number in the manifest
};

base::Result<VerifyReport> Verification::run() {
  // The catalogue first: what is signed meanwhile is then in the manifest.
  auto snapshot = database_.run("BEGIN");
  if (!snapshot) return std::move(snapshot.error());
  auto recordings = check_catalogue();
  [[maybe_unused]] const auto ended = database_.run("COMMIT");
  if (!recordings) return std::move(recordings.error());
  for (const fs::path& folder : options_.folders) check_folder(folder);
  return std::move(report_);
}

base::Result<void> Verification::read_chain() {
  std::set<std::string> heads;  // only gathered where one is asked for
  auto read = read_manifest(options_.manifest, options_.key, [&](const Link& link) {
    if (!options_.head.empty()) heads.insert(link.previous);
    Signed& of = signed_[link.entry.id];
    auto& place = link.entry.kind == Entry::Kind::recording ? of.end : of.deletion;
    if (place) {
      found(Kind::manifest, link.entry.id, "the manifest has it twice, again in line " + std::to_string(link.number));
    } else {
      place = link.entry;
    }
  });
  if (!read) return std::move(read.error());
  report_.manifest = std::move(*read);
  for (const std::string& finding : report_.manifest.findings) found(Kind::manifest, {}, finding);
  heads.insert(report_.manifest.head);
  check_head(heads);
  return {};
}

void Verification::check_head(const std::set<std::string>& heads) {
  if (options_.head.empty() || heads.contains(options_.head)) return;
  found(Kind::manifest, {}, "the head " + options_.head + " is not in the manifest: it was cut off or rewritten");
}

base::Result<void> Verification::check_catalogue() {
  auto all = list(database_, {});
  if (!all) return std::move(all.error());
  if (auto read = read_chain(); !read) return read;
  auto chosen = list(database_, options_.filter);
  if (!chosen) return std::move(chosen.error());
  std::set<std::string> ids;
  for (const Recording& recording : *chosen) ids.insert(recording.begun.id);

  std::set<std::string> known;
  for (Recording& recording : *all) {
    if (auto added = add_details(database_, recording); !added) return added;
    known.insert(recording.begun.id);
    known_files_.insert(recording.ended.file);
    for (const File& file : recording.ended.beside) known_files_.insert(path_of(file, recording));
    last_in_catalogue_ =
        std::max({last_in_catalogue_, recording.manifest.value_or(0), recording.deletion_manifest.value_or(0)});
    check_signature(recording);
    if (ids.contains(recording.begun.id)) check_files(recording);
  }
  for (const auto& [id, of] : signed_) {
    if (!known.contains(id)) found(Kind::removed, id, "it is in the manifest, and was removed from the catalogue");
  }
  if (last_in_catalogue_ > report_.manifest.last_number) {
    found(Kind::manifest, {},
          "the end of the manifest was removed: the catalogue knows " + std::to_string(last_in_catalogue_) +
              " lines, there are " + std::to_string(report_.manifest.last_number));
  }
  return {};
}

void Verification::check_signature(const Recording& recording) {
  if (recording.state() == State::recording) return;
  const std::string& id = recording.begun.id;
  const auto of = signed_.find(id);
  const Entry* end = of != signed_.end() && of->second.end ? &*of->second.end : nullptr;
  if (end == nullptr) {
    if (recording.manifest)
      return found(Kind::put_in, id, "the catalogue says it was signed; the manifest has no such line");
    return found(Kind::unsigned_, id, "it is not in the manifest (yet)");
  }
  if (end->sha256 != recording.ended.sha256) found(Kind::changed, id, "its checksum in the catalogue was changed");
  if (end->facts != facts_digest(recording)) found(Kind::changed, id, "what the catalogue says of it was changed");
  const bool is_signed_deletion = of->second.deletion.has_value();
  if (is_signed_deletion && !recording.deleted) {
    found(Kind::changed, id, "its deletion is in the manifest, and was removed from the catalogue");
  } else if (recording.deleted && !is_signed_deletion) {
    found(recording.deletion_manifest ? Kind::changed : Kind::unsigned_, id, "its deletion is not in the manifest");
  }
}

void Verification::check_files(const Recording& recording) {
  ++report_.recordings;
  if (recording.deleted) {
    ++report_.deleted;
    return;
  }
  if (recording.state() == State::recording || recording.deleting) return;
  if (recording.ended.file.empty()) {
    if (!recording.ended.sha256.empty()) ++report_.remote;
    return;
  }
  check_file(recording.begun.id, recording.ended.file, recording.ended.sha256, recording.ended.size);
  for (const File& file : recording.ended.beside) {
    check_file(recording.begun.id, path_of(file, recording), file.sha256, file.size);
  }
  check_length(recording);
}

void Verification::check_file(const std::string& id, const std::string& path, const std::string& sha256,
                              std::uint64_t size) {
  const auto digest = digest_file(path);
  if (!digest) {
    const bool is_gone = digest.error().kind == base::Kind::not_found;
    return found(is_gone ? Kind::removed : Kind::changed, id, is_gone ? path + " is gone" : digest.error().text);
  }
  if (digest->size != size) {
    found(Kind::changed, id,
          path + " has " + std::to_string(digest->size) + " bytes instead of " + std::to_string(size));
  } else if (digest->sha256 != sha256) {
    found(Kind::changed, id, path + " was changed: its checksum is another");
  } else {
    ++report_.files;
  }
}

void Verification::check_length(const Recording& recording) {
  if (!options_.measure || recording.begun.is_encrypted) return;
  const auto length = options_.measure(recording.ended.file);
  if (!length || std::chrono::abs(*length - recording.ended.duration) <= options_.tolerance) return;
  found(Kind::changed, recording.begun.id,
        recording.ended.file + " plays " + std::to_string(length->count()) + " ms, the catalogue says " +
            std::to_string(recording.ended.duration.count()) + " ms");
}

void Verification::check_folder(const fs::path& folder) {
  std::error_code error;
  for (fs::recursive_directory_iterator next(folder, error), end; !error && next != end; next.increment(error)) {
    const fs::path& path = next->path();
    if (next->is_directory(error) && (path.filename() == "spool" || path.filename().string().starts_with("."))) {
      next.disable_recursion_pending();  // what grows
      continue;
    }
    if (!next->is_regular_file(error) || known_files_.contains(path.string())) continue;
    found(Kind::put_in, {}, path.string() + " is of no recording in the catalogue");
  }
  if (error) found(Kind::removed, {}, folder.string() + ": " + error.message());
}

}  // namespace

std::string_view name_of(Finding::Kind kind) {
  switch (kind) {
    case Kind::changed:
      return "changed";
    case Kind::removed:
      return "removed";
    case Kind::put_in:
      return "put-in";
    case Kind::unsigned_:
      return "unsigned";
    case Kind::manifest:
      return "manifest";
  }
  return "changed";
}

base::Result<VerifyReport> verify(const Database& database, const VerifyOptions& options) {
  return Verification(database, options).run();
}

}  // namespace catalogue
