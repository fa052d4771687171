#include "catalogue/deletion.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace catalogue {
namespace {

constexpr std::size_t kMostErrors = 1000;  // of one sweep

bool fits(const RetentionRule& rule, const Recording& recording) {
  const auto is = [](const std::string& wanted, const std::string& value) { return wanted.empty() || wanted == value; };
  const Begun& begun = recording.begun;
  return is(rule.account, begun.account) && is(rule.format, begun.format) && is(rule.reason, recording.ended.reason) &&
         (!rule.state || *rule.state == recording.state()) &&
         (rule.party.empty() || begun.from.find(rule.party) != std::string::npos ||
          begun.to.find(rule.party) != std::string::npos);
}

base::Result<void> remove_file(const std::string& path) {
  if (path.empty() || ::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return base::Error{base::Kind::internal, "remove " + path + ": " + std::generic_category().message(errno)};
}

}  // namespace

std::optional<Instant> due(const Recording& recording, const std::vector<RetentionRule>& rules) {
  if (recording.state() == State::recording) return std::nullopt;
  for (const RetentionRule& rule : rules) {
    if (!fits(rule, recording)) continue;
    if (!rule.keep) return std::nullopt;
    return recording.ended.ended + *rule.keep;
  }
  return std::nullopt;
}

base::Result<void> remove_local_files(const Recording& recording) {
  if (auto removed = remove_file(recording.ended.file); !removed) return removed;
  for (const File& file : recording.ended.beside) {
    if (auto removed = remove_file(path_of(file, recording)); !removed) return removed;
  }
  return {};
}

base::Result<void> delete_recording(Catalogue& catalogue, const std::string& id, const std::string& reason, Instant now,
                                    const Remove& remove) {
  auto recording = get(catalogue.database(), id);
  if (!recording) return std::move(recording.error());
  if (auto begun = catalogue.begin_deletion(recording->begun.id, reason, now); !begun) return begun;
  if (auto removed = remove(*recording); !removed) return removed;
  return catalogue.end_deletion(recording->begun.id, now);
}

base::Result<Sweep> sweep(Catalogue& catalogue, const Retention& retention, Instant now, std::size_t most) {
  std::optional<std::chrono::hours> shortest;
  for (const RetentionRule& rule : retention.rules) {
    if (rule.keep) shortest = std::min(*rule.keep, shortest.value_or(*rule.keep));
  }
  Sweep result;
  std::vector<std::string> chosen;
  const auto choose = [&](Recording&& recording) {
    const auto end = due(recording, retention.rules);
    if (!recording.deleting && (!end || *end > now)) return true;
    if (recording.ended.delivery == Delivery::waiting) return true;  // never before the store has it
    if (recording.hold) {
      ++result.held;
      return true;
    }
    chosen.push_back(std::move(recording.begun.id));
    return chosen.size() <= most + kMostErrors;
  };
  const auto bound = shortest ? std::optional<Instant>(now - *shortest) : std::nullopt;
  if (auto read = each_not_deleted(catalogue.database(), bound, choose); !read) return std::move(read.error());
  for (const std::string& id : chosen) {
    if (result.errors.size() >= kMostErrors) break;
    if (result.deleted.size() >= most) {
      result.is_cut_short = true;
      break;
    }
    if (auto deleted = delete_recording(catalogue, id, "retention", now, retention.remove); !deleted) {
      result.errors.push_back(std::move(deleted.error()).in(id).text);
    } else {
      result.deleted.push_back(id);
    }
  }
  return result;
}

}  // namespace catalogue
