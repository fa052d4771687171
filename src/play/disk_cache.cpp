#include "play/disk_cache.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "storage/directories.hpp"
#include "storage/disk_error.hpp"

namespace play {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t kDraftId = 16;         // letters
constexpr std::chrono::hours kAbandoned{1};  // a draft as old as that is left from a crash

bool is_draft(const fs::path& path) { return path.filename().string().find(".draft") == kDraftId; }

// FNV-1a. Not a proof of identity: the key stands in the file too, and is compared.
std::string hash_of(const std::string& key) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

std::string text_of(const json& meta, const char* name) {
  const auto found = meta.find(name);
  return found != meta.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// What stands under the key; null if nothing does.
json read_meta(const fs::path& directory, const std::string& key) {
  std::ifstream in(directory / (hash_of(key) + ".json"), std::ios::binary);
  json meta = json::parse(in, nullptr, false);
  if (!meta.is_object() || text_of(meta, "key") != key) return nullptr;
  // The name is ours; should somebody else have written there, it leads nowhere else.
  const std::string body = text_of(meta, "body");
  if (body.empty() || body.find('/') != std::string::npos) return nullptr;
  return meta;
}

}  // namespace

DiskCache::Draft::~Draft() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

base::Result<void> DiskCache::make() const {
  if (auto made = storage::make_directories(directory_); !made) return made;
  ::chmod(directory_.c_str(), 0700);
  if (auto proof = draft(); !proof) return std::move(proof.error());
  trim();
  return {};
}

std::optional<DiskCache::Entry> DiskCache::find(const std::string& key) const {
  const json meta = read_meta(directory_, key);
  if (meta.is_null()) return std::nullopt;
  Entry entry;
  const fs::path body = directory_ / text_of(meta, "body");
  entry.file = base::Fd(::open(body.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!entry.file) return std::nullopt;
  ::futimens(entry.file.get(), nullptr);  // used now
  entry.about.content_type = text_of(meta, "content_type");
  entry.about.etag = text_of(meta, "etag");
  entry.about.last_modified = text_of(meta, "last_modified");
  const auto until = meta.find("fresh_until");
  if (until != meta.end() && until->is_number_integer()) {
    entry.about.fresh_until = std::chrono::system_clock::time_point(std::chrono::seconds(until->get<std::int64_t>()));
  }
  return entry;
}

base::Result<DiskCache::Draft> DiskCache::draft(std::string_view ending) const {
  const fs::path path = directory_ / (base::random_id(kDraftId) + ".draft" + std::string(ending));
  base::Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return storage::disk_error("make " + path.string(), errno);
  return Draft(std::move(file), path);
}

base::Fd DiskCache::put(const std::string& key, Draft draft, const About& about) const {
  const json before = read_meta(directory_, key);
  const std::string body = hash_of(key) + "-" + base::random_id(8) + ".body";
  if (::rename(draft.path().c_str(), (directory_ / body).c_str()) == 0) {
    write_meta(key, body, about);
    if (!before.is_null()) ::unlink((directory_ / text_of(before, "body")).c_str());
    trim();
  }
  return draft.take();
}

void DiskCache::renew(const std::string& key, const About& about) const {
  const json meta = read_meta(directory_, key);
  if (!meta.is_null()) write_meta(key, text_of(meta, "body"), about);
}

void DiskCache::write_meta(const std::string& key, const std::string& body, const About& about) const {
  const auto until = std::chrono::floor<std::chrono::seconds>(about.fresh_until.time_since_epoch());
  const json meta = {{"key", key},
                     {"body", body},
                     {"content_type", about.content_type},
                     {"etag", about.etag},
                     {"last_modified", about.last_modified},
                     {"fresh_until", until.count()}};
  auto written = draft();
  if (!written) return;
  // What a server sent may be no UTF-8; it is replaced, and will not match.
  const std::string text = meta.dump(-1, ' ', false, json::error_handler_t::replace);
  if (::write(written->fd(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return;
  ::rename(written->path().c_str(), (directory_ / (hash_of(key) + ".json")).c_str());
}

// Removes the bodies that were not used for longest until the rest is small enough, and what crashes left.
void DiskCache::trim() const {
  struct Body {
    fs::file_time_type used;
    std::uint64_t size;
    fs::path path;
  };
  std::vector<Body> bodies;
  std::uint64_t total = 0;
  std::error_code error;
  for (fs::directory_iterator at(directory_, error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;  // by another thread
    const auto used = at->last_write_time(gone);
    const std::uint64_t size = gone ? 0 : at->file_size(gone);
    if (gone) continue;
    const fs::path& path = at->path();
    if (is_draft(path) && used < fs::file_time_type::clock::now() - kAbandoned) ::unlink(path.c_str());
    if (path.extension() != ".body") continue;
    total += size;
    bodies.push_back({used, size, path});
  }
  std::ranges::sort(bodies, {}, &Body::used);
  for (const Body& body : bodies) {
    if (total <= bytes_) return;
    const std::string name = body.path.filename().string();
    ::unlink((directory_ / (name.substr(0, name.find('-')) + ".json")).c_str());
    ::unlink(body.path.c_str());
    total -= body.size;
  }
}

}  // namespace play
