#include "record/hand_over.hpp"

#include "base/log.hpp"
#include "storage/file_name.hpp"

namespace record {

std::string channels_text(const Settings& settings) {
  switch (settings.direction) {
    case Direction::send:
      return "send";
    case Direction::recv:
      return "recv";
    case Direction::duplex:
      break;
  }
  return settings.channels() == 2 ? "send, recv" : "mixed";
}

Outcome hand_over(const storage::FileStore& store, const storage::SpoolFile& file, const Facts& facts) {
  Outcome outcome;
  outcome.reason = facts.reason;
  outcome.error = facts.error;
  outcome.duration = duration_of(facts);
  outcome.size = facts.size;
  outcome.stats = facts.stats;
  const auto stored = store.store(
      file, [&](const std::string& name) { return sidecar_content(facts, name); }, sidecar_extension(facts));
  if (!stored) {
    base::log::error("record", "{}: {}", file.path.string(), stored.error().text);
    if (outcome.error.empty()) outcome.error = stored.error().text;
    outcome.reason = EndReason::error;
    outcome.uri = storage::file_uri(file.path);
    return outcome;
  }
  if (!stored->sidecar_error.empty()) {
    base::log::warn("record", "{}: no sidecar: {}", stored->path.string(), stored->sidecar_error);
  }
  outcome.uri = storage::file_uri(stored->path);
  return outcome;
}

}  // namespace record
