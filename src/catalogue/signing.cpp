#include "catalogue/signing.hpp"

#include <map>
#include <utility>
#include <vector>

#include "catalogue/queries.hpp"

namespace catalogue {
namespace {

using Key = std::pair<Entry::Kind, std::string>;

base::Result<std::vector<Entry>> pending_entries(const Database& database, Instant now,
                                                 const std::set<std::string>* only) {
  auto ended = not_in_manifest(database);
  if (!ended) return std::move(ended.error());
  auto deleted = deletions_not_in_manifest(database);
  if (!deleted) return std::move(deleted.error());
  std::vector<Entry> entries;
  const auto is_meant = [only](const Recording& recording) {
    return only == nullptr || only->contains(recording.begun.id);
  };
  for (Recording& recording : *ended) {
    if (!is_meant(recording)) continue;
    if (auto added = add_details(database, recording); !added) return std::move(added.error());
    entries.push_back(entry_of_end(recording, now));
  }
  for (Recording& recording : *deleted) {
    if (!is_meant(recording)) continue;
    if (auto added = add_details(database, recording); !added) return std::move(added.error());
    entries.push_back(entry_of_deletion(recording, now));
  }
  for (Entry& entry : entries) entry.is_late = only == nullptr;
  return entries;
}

base::Result<void> note(Catalogue& catalogue, const Key& key, std::int64_t number) {
  if (key.first == Entry::Kind::recording) return catalogue.set_manifest(key.second, number);
  return catalogue.set_deletion_manifest(key.second, number);
}

}  // namespace

base::Result<std::size_t> sign_pending(Catalogue& catalogue, const Manifest& manifest, Instant now,
                                       const Signing& signing) {
  if (signing.only != nullptr && signing.only->empty()) return std::size_t{0};
  auto transaction = catalogue.transaction();  // no other process signs meanwhile
  if (!transaction) return std::move(transaction.error());
  auto entries = pending_entries(catalogue.database(), now, signing.only);
  if (!entries) return std::move(entries.error());
  if (entries->empty()) return std::size_t{0};
  std::map<Key, std::int64_t> written;
  if (signing.look_back) {
    auto read = read_manifest(manifest.file(), manifest.public_key(), [&](const Link& link) {
      written.emplace(Key{link.entry.kind, link.entry.id}, link.number);
    });
    if (!read) return std::move(read.error());
  }
  std::vector<Entry> fresh;
  for (Entry& entry : *entries) {
    const Key key{entry.kind, entry.id};
    const auto found = written.find(key);
    if (found == written.end()) {
      fresh.push_back(std::move(entry));
    } else if (auto noted = note(catalogue, key, found->second); !noted) {
      return std::move(noted.error());
    }
  }
  if (!fresh.empty()) {
    const auto first = manifest.append(fresh);
    if (!first) return first.error();
    std::int64_t number = *first;
    for (const Entry& entry : fresh) {
      if (auto noted = note(catalogue, {entry.kind, entry.id}, number++); !noted) return std::move(noted.error());
    }
  }
  if (auto committed = transaction->commit(); !committed) return std::move(committed.error());
  return fresh.size();
}

}  // namespace catalogue
