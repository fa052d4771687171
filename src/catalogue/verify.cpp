#include "catalogue/verify.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <set>
#include <thread>
#include <utility>

#include "catalogue/digest.hpp"

namespace catalogue {
namespace {

namespace fs = std::filesystem;
using Kind = Finding::Kind;

constexpr std::chrono::milliseconds kGlance{100};

// Of a line of the manifest, or of a path: enough to know it again.
std::uint64_t short_hash(const std::string& text) {
  const std::string digits = sha256_of(text).substr(0, 16);
  return std::stoull(digits, nullptr, 16);
}
std::uint64_t subject_of(Entry::Kind kind, const std::string& id) {
  return short_hash((kind == Entry::Kind::recording ? "+" : "-") + id);
}

// What is remembered of a line of the manifest.
struct Line {
  std::uint64_t subject = 0;  // kind and id
  std::int64_t number = 0;
  std::uint64_t facts = 0, sha256 = 0;
  bool is_claimed = false;  // by a row of the catalogue
};

class Verification {
 public:
  Verification(const Database& database, const VerifyOptions& options) : database_(database), options_(options) {}

  base::Result<VerifyReport> run();

 private:
  base::Result<void> read_chain();
  void check_head(bool is_in_chain);
  base::Result<void> check_catalogue();
  void check_signature(const Recording& recording);
  base::Result<void> name_lines();
  void await_signatures();
  base::Result<void> check_files(const std::string& id);
  std::optional<Finding> check_file(const std::string& id, const std::string& path, const std::string& sha256,
                                    std::uint64_t size);
  std::vector<Finding> check_files_of(const Recording& recording);
  std::optional<Finding> check_length(const Recording& recording);
  base::Result<void> check_folders();
  std::vector<fs::path> files_in(const fs::path& folder);

  Line* line_of(Entry::Kind kind, const std::string& id);
  void know(const Recording& recording);
  void found(Kind kind, const std::string& id, std::string text) {
    report_.findings.push_back({kind, id, std::move(text)});
  }

  const Database& database_;
  const VerifyOptions& options_;
  VerifyReport report_;
  std::vector<Line> lines_;                 // sorted by subject, then number
  std::vector<std::uint64_t> known_files_;  // hashes of paths; sorted
  std::vector<std::string> unfinished_;     // ids of what grows or waits to be stored
  std::int64_t last_in_catalogue_ = 0;      // number in the manifest
};

base::Result<VerifyReport> Verification::run() {
  // The catalogue first: what is signed meanwhile is then in the manifest.
  auto snapshot = database_.run("BEGIN");
  if (!snapshot) return std::move(snapshot.error());
  auto checked = check_catalogue();
  [[maybe_unused]] const auto ended = database_.run("COMMIT");
  if (!checked) return std::move(checked.error());
  await_signatures();
  // Files outside of the snapshot, which would keep the server from tidying up for as long as they are read.
  std::vector<std::string> chosen;
  auto listed = each(database_, options_.filter, [&chosen](Recording&& recording) {
    chosen.push_back(std::move(recording.begun.id));
    return true;
  });
  if (!listed) return std::move(listed.error());
  for (const std::string& id : chosen) {
    if (auto read = check_files(id); !read) return std::move(read.error());
  }
  if (auto read = check_folders(); !read) return std::move(read.error());
  return std::move(report_);
}

base::Result<void> Verification::read_chain() {
  bool is_in_chain = false;
  auto read = read_manifest(options_.manifest, options_.key, [&](const Link& link) {
    is_in_chain = is_in_chain || link.previous == options_.head;
    lines_.push_back({subject_of(link.entry.kind, link.entry.id), link.number, short_hash(link.entry.facts),
                      short_hash(link.entry.sha256), false});
    if (link.entry.is_late) report_.late.push_back(link.entry.id);
  });
  if (!read) return std::move(read.error());
  report_.manifest = std::move(*read);
  for (const std::string& finding : report_.manifest.findings) found(Kind::manifest, {}, finding);
  check_head(is_in_chain || report_.manifest.head == options_.head);
  std::ranges::stable_sort(lines_, {}, &Line::subject);
  return {};
}

void Verification::check_head(bool is_in_chain) {
  if (options_.head.empty() || is_in_chain) return;
  found(Kind::manifest, {}, "the head " + options_.head + " is not in the manifest: it was cut off or rewritten");
}

Line* Verification::line_of(Entry::Kind kind, const std::string& id) {
  const std::uint64_t subject = subject_of(kind, id);
  const auto line = std::ranges::lower_bound(lines_, subject, {}, &Line::subject);
  if (line == lines_.end() || line->subject != subject) return nullptr;
  line->is_claimed = true;
  return &*line;
}

void Verification::know(const Recording& recording) {
  known_files_.push_back(short_hash(recording.ended.file));
  for (const File& file : recording.ended.beside) known_files_.push_back(short_hash(path_of(file, recording)));
  if (recording.state() == State::recording || recording.ended.delivery == Delivery::waiting) {
    unfinished_.push_back(recording.begun.id);
  }
}

base::Result<void> Verification::check_catalogue() {
  base::Result<void> result;
  bool has_read_chain = false;
  const auto check = [&](Recording&& recording) {
    // The first row has opened the snapshot: now the manifest has at least what that has.
    if (!std::exchange(has_read_chain, true)) result = read_chain();
    if (result) result = add_details(database_, recording);
    if (!result) return false;
    know(recording);
    last_in_catalogue_ =
        std::max({last_in_catalogue_, recording.manifest.value_or(0), recording.deletion_manifest.value_or(0)});
    check_signature(recording);
    return true;
  };
  if (auto read = each(database_, {}, check); !read) return read;
  if (!has_read_chain) result = read_chain();
  if (!result) return result;
  if (auto named = name_lines(); !named) return named;
  if (last_in_catalogue_ > report_.manifest.last_number) {
    found(Kind::manifest, {},
          "the end of the manifest was removed: the catalogue knows " + std::to_string(last_in_catalogue_) +
              " lines, there are " + std::to_string(report_.manifest.last_number));
  }
  return {};
}

// Lines of no row, and those that are there twice: what they are about is in the manifest, which is read again for it.
base::Result<void> Verification::name_lines() {
  std::set<std::int64_t> foreign, twice;  // their numbers
  std::set<std::uint64_t> subjects;       // of the former that are there twice
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const bool is_again = i > 0 && lines_[i - 1].subject == lines_[i].subject;
    if (is_again) subjects.insert(lines_[i].subject);
    if (!is_again && !lines_[i].is_claimed) foreign.insert(lines_[i].number);
  }
  if (foreign.empty() && subjects.empty()) return {};
  std::set<std::uint64_t> seen;
  std::set<std::string> named;
  auto read = read_manifest(options_.manifest, options_.key, [&](const Link& link) {
    const std::uint64_t subject = subject_of(link.entry.kind, link.entry.id);
    if (subjects.contains(subject) && !seen.insert(subject).second) {
      found(Kind::manifest, link.entry.id, "the manifest has it twice, again in line " + std::to_string(link.number));
    }
    if (foreign.contains(link.number) && named.insert(link.entry.id).second) {
      found(Kind::removed, link.entry.id, "it is in the manifest, and was removed from the catalogue");
    }
  });
  if (!read) return std::move(read.error());
  return {};
}

void Verification::check_signature(const Recording& recording) {
  if (recording.state() == State::recording) return;
  const std::string& id = recording.begun.id;
  const Line* end = line_of(Entry::Kind::recording, id);
  if (end == nullptr) {
    if (recording.manifest)
      return found(Kind::put_in, id, "the catalogue says it was signed; the manifest has no such line");
    return found(Kind::unsigned_, id, "it is not in the manifest (yet)");
  }
  if (end->sha256 != short_hash(recording.ended.sha256)) {
    found(Kind::changed, id, "its checksum in the catalogue was changed");
  }
  if (end->facts != short_hash(facts_digest(recording))) {
    found(Kind::changed, id, "what the catalogue says of it was changed");
  }
  const bool is_signed_deletion = line_of(Entry::Kind::deletion, id) != nullptr;
  if (is_signed_deletion && !recording.deleted) {
    found(Kind::changed, id, "its deletion is in the manifest, and was removed from the catalogue");
  } else if (recording.deleted && !is_signed_deletion) {
    found(recording.deletion_manifest ? Kind::changed : Kind::unsigned_, id, "its deletion is not in the manifest");
  }
}

// What has only just ended is signed in a moment, if a server runs.
void Verification::await_signatures() {
  const auto is_signed_now = [this](const Finding& finding) {
    if (finding.kind != Kind::unsigned_) return false;
    const auto row = get(database_, finding.id);
    return row && (row->deleted ? row->deletion_manifest : row->manifest);
  };
  const auto is_unsigned = [](const Finding& finding) { return finding.kind == Kind::unsigned_; };
  for (auto left = options_.patience;; left -= kGlance) {
    std::erase_if(report_.findings, is_signed_now);
    if (left < kGlance || std::ranges::none_of(report_.findings, is_unsigned)) return;
    std::this_thread::sleep_for(kGlance);
  }
}

base::Result<void> Verification::check_files(const std::string& id) {
  auto recording = get(database_, id);
  if (!recording) return std::move(recording.error());
  ++report_.recordings;
  const std::size_t files_before = report_.files;
  std::vector<Finding> findings = check_files_of(*recording);
  if (!findings.empty()) {  // a server that runs may have moved or deleted it meanwhile
    auto again = get(database_, id);
    if (!again) return std::move(again.error());
    if (again->ended.file != recording->ended.file || again->deleting != recording->deleting) {
      report_.files = files_before;
      findings = check_files_of(*again);
      *recording = std::move(*again);
    }
  }
  if (recording->deleted) {
    ++report_.deleted;
  } else if (recording->ended.file.empty() && !recording->ended.sha256.empty()) {
    ++report_.remote;
  }
  std::ranges::move(findings, std::back_inserter(report_.findings));
  return {};
}

std::vector<Finding> Verification::check_files_of(const Recording& recording) {
  std::vector<Finding> findings;
  const bool has_none = recording.deleted || recording.deleting || recording.ended.file.empty();
  if (has_none || recording.state() == State::recording) return findings;
  const auto add = [&findings](std::optional<Finding> finding) {
    if (finding) findings.push_back(std::move(*finding));
  };
  const std::string& id = recording.begun.id;
  add(check_file(id, recording.ended.file, recording.ended.sha256, recording.ended.size));
  for (const File& file : recording.ended.beside) add(check_file(id, path_of(file, recording), file.sha256, file.size));
  add(check_length(recording));
  return findings;
}

std::optional<Finding> Verification::check_file(const std::string& id, const std::string& path,
                                                const std::string& sha256, std::uint64_t size) {
  const auto digest = digest_file(path);
  if (!digest) {
    const bool is_gone = digest.error().kind == base::Kind::not_found;
    return Finding{is_gone ? Kind::removed : Kind::changed, id, is_gone ? path + " is gone" : digest.error().text};
  }
  if (digest->size != size) {
    return Finding{Kind::changed, id,
                   path + " has " + std::to_string(digest->size) + " bytes instead of " + std::to_string(size)};
  }
  if (digest->sha256 != sha256) {
    return Finding{Kind::changed, id, path + " was changed: its checksum is another"};
  }
  ++report_.files;
  return std::nullopt;
}

std::optional<Finding> Verification::check_length(const Recording& recording) {
  if (!options_.measure || recording.begun.is_encrypted) return std::nullopt;
  const auto length = options_.measure(recording.ended.file);
  if (!length || std::chrono::abs(*length - recording.ended.duration) <= options_.tolerance) return std::nullopt;
  return Finding{Kind::changed, recording.begun.id,
                 recording.ended.file + " plays " + std::to_string(length->count()) + " ms, the catalogue says " +
                     std::to_string(recording.ended.duration.count()) + " ms"};
}

// What no row knows. Rows are looked at again for it: what has ended meanwhile is there by then, and what a store is
// just being given has the name of one that waits.
base::Result<void> Verification::check_folders() {
  std::ranges::sort(known_files_);
  std::vector<fs::path> unknown;
  for (const fs::path& folder : options_.folders) std::ranges::move(files_in(folder), std::back_inserter(unknown));
  if (unknown.empty()) return {};
  unfinished_.clear();
  base::Result<void> result;
  auto read = each(database_, {}, [&](Recording&& recording) {
    result = add_details(database_, recording);
    know(recording);
    return static_cast<bool>(result);
  });
  if (!read || !result) return read ? result : read;
  std::ranges::sort(known_files_);
  for (const fs::path& path : unknown) {
    if (std::ranges::binary_search(known_files_, short_hash(path.string()))) continue;
    const std::string file = path.filename().string();
    const std::string_view name = std::string_view(file).substr(file.starts_with('.') ? 1 : 0);
    const auto is_its = [name](const std::string& id) { return name.starts_with(id); };
    if (std::ranges::any_of(unfinished_, is_its)) continue;
    found(Kind::put_in, {}, path.string() + " is of no recording in the catalogue");
  }
  return {};
}

std::vector<fs::path> Verification::files_in(const fs::path& folder) {
  std::vector<fs::path> unknown;
  std::error_code error;
  for (fs::recursive_directory_iterator next(folder, error), end; !error && next != end; next.increment(error)) {
    const fs::path& path = next->path();
    std::error_code odd;
    if (next->is_directory(odd) && path == folder / "spool") {
      next.disable_recursion_pending();  // what grows
    } else if (next->is_regular_file(odd) && !std::ranges::binary_search(known_files_, short_hash(path.string()))) {
      unknown.push_back(path);
    }
  }
  if (error) found(Kind::removed, {}, folder.string() + ": " + error.message());
  return unknown;
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
