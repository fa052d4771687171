#include "catalogue/print.hpp"

#include <algorithm>
#include <array>
#include <spdlog/fmt/fmt.h>

#include "base/log.hpp"
#include "base/utc.hpp"

namespace catalogue {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kColumns = 9;
using Row = std::array<std::string, kColumns>;

std::string shown(const std::string& text) { return base::log::escaped(text); }

std::string shortened(const std::string& text, std::size_t most) {
  const std::string safe = shown(text);
  return safe.size() <= most ? safe : safe.substr(0, most - 1) + "~";
}

std::string state_text(const Recording& recording) {
  if (recording.deleted) return "deleted";
  if (recording.deleting) return "deleting";
  return std::string(name_of(recording.state())) + (recording.hold ? ", held" : "");
}

Row row_of(const Recording& recording) {
  const Begun& begun = recording.begun;
  const Ended& ended = recording.ended;
  const bool is_growing = recording.state() == State::recording;
  return {shown(begun.id),
          base::utc_text(begun.opened).substr(0, 19),
          is_growing ? "" : duration_text(ended.duration),
          state_text(recording),
          shortened(ended.reason, 16),
          std::string(name_of(ended.delivery)),
          is_growing ? "" : size_text(ended.size),
          shortened(begun.from, 28),
          shortened(begun.to, 28)};
}

Json optional_time(const std::optional<Instant>& time) {
  if (!time) return nullptr;
  return base::utc_text(*time);
}

Json loss_json(const Loss& loss) { return Json::parse(loss_text(loss)); }

}  // namespace

std::string duration_text(std::chrono::milliseconds duration) {
  const auto ms = duration.count();
  const auto seconds = ms / 1000;
  const std::string rest = fmt::format("{:02}.{}", seconds % 60, ms / 100 % 10);
  if (seconds < 3600) return fmt::format("{}:{}", seconds / 60, rest);
  return fmt::format("{}:{:02}:{}", seconds / 3600, seconds / 60 % 60, rest);
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  if (bytes < 1000 * 1000) return fmt::format("{} kB", bytes / 1000);
  if (bytes < 1000 * 1000 * 1000) return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
  return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

std::string table_of(const std::vector<Recording>& recordings) {
  std::vector<Row> rows = {{"ID", "STARTED (UTC)", "LENGTH", "STATE", "REASON", "STORE", "SIZE", "FROM", "TO"}};
  for (const Recording& recording : recordings) rows.push_back(row_of(recording));
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) widths.at(i) = std::max(widths.at(i), row.at(i).size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < kColumns; ++i) line += fmt::format("{:<{}}  ", row.at(i), widths.at(i));
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string sheet_of(const Recording& recording, const std::vector<Attempt>& attempts) {
  std::string text;
  const auto line = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) text += fmt::format("{:<12} {}\n", name, shown(value));
  };
  const Begun& begun = recording.begun;
  const Ended& ended = recording.ended;
  line("id", begun.id);
  line("call", begun.call + (begun.is_of_mixer ? " (a mixer)" : ""));
  line("component", begun.component);
  line("account", begun.account);
  line("from", begun.from);
  line("to", begun.to);
  line("format", fmt::format("{}, {} Hz, {}{}", begun.format, begun.sample_rate, begun.channels,
                             begun.is_encrypted ? ", encrypted" : ""));
  line("started", base::utc_text(begun.opened));
  line("state", state_text(recording));
  line("file", ended.file);
  if (recording.state() == State::recording) return text;
  line("ended", base::utc_text(ended.ended));
  line("reason", ended.reason);
  line("error", ended.error);
  line("length", duration_text(ended.duration));
  line("size", fmt::format("{} bytes", ended.size));
  line("sha256", ended.sha256);
  line("uri", ended.uri);
  line("store", ended.store.empty() ? "" : fmt::format("{} ({})", ended.store, name_of(ended.delivery)));
  for (const Attempt& attempt : attempts) {
    line("attempt", fmt::format("{} {}: {}", base::utc_text(attempt.began), attempt.store,
                                attempt.error.empty() ? "stored" : attempt.error));
  }
  const Json loss = loss_json(ended.loss);
  if (!loss.empty()) line("loss", dump(loss));
  for (const Gap& gap : ended.gaps) {
    line("gap", fmt::format("{} at {} for {}", gap.kind, duration_text(std::chrono::milliseconds(gap.at)),
                            duration_text(std::chrono::milliseconds(gap.length + gap.skipped))));
  }
  for (const File& file : ended.beside) line("beside", file.path);
  line("hold", recording.hold.value_or(""));
  if (recording.deleted) line("deleted", base::utc_text(*recording.deleted) + ": " + recording.delete_reason);
  line("manifest", recording.manifest ? fmt::format("line {}", *recording.manifest) : "not signed yet");
  return text;
}

std::string text_of(const VerifyReport& report) {
  std::string text;
  for (const Finding& finding : report.findings) {
    text += fmt::format("{:<8} {}{}\n", name_of(finding.kind), finding.id.empty() ? "" : shown(finding.id) + ": ",
                        shown(finding.text));
  }
  if (!report.late.empty()) {
    text += fmt::format("{} lines were signed at a later start, after a crash or for what somebody put in: {}{}\n",
                        report.late.size(), shown(report.late.front()), report.late.size() > 1 ? " …" : "");
  }
  text += fmt::format("{} recordings, {} files right, {} only in a store, {} deleted; manifest of {} lines, head {}\n",
                      report.recordings, report.files, report.remote, report.deleted, report.manifest.lines,
                      report.manifest.head);
  text += report.findings.empty() ? "all is as it was signed\n" : fmt::format("{} findings\n", report.findings.size());
  return text;
}

nlohmann::ordered_json json_of(const Recording& recording) {
  const Begun& begun = recording.begun;
  const Ended& ended = recording.ended;
  Json json = {{"id", begun.id},
               {"call", begun.call},
               {"component", begun.component},
               {"mixer", begun.is_of_mixer},
               {"account", begun.account},
               {"from", begun.from},
               {"to", begun.to},
               {"format", begun.format},
               {"channels", begun.channels},
               {"sample_rate", begun.sample_rate},
               {"encrypted", begun.is_encrypted},
               {"started", base::utc_text(begun.opened)},
               {"state", name_of(recording.state())},
               {"file", ended.file}};
  if (recording.state() == State::recording) return json;
  json.update({{"ended", base::utc_text(ended.ended)},
               {"reason", ended.reason},
               {"error", ended.error},
               {"duration_ms", ended.duration.count()},
               {"size", ended.size},
               {"sha256", ended.sha256},
               {"uri", ended.uri},
               {"store", ended.store},
               {"delivery", name_of(ended.delivery)},
               {"loss", loss_json(ended.loss)}});
  json["gaps"] = Json::array();
  for (const Gap& gap : ended.gaps) {
    json["gaps"].push_back(
        {{"kind", gap.kind}, {"at_ms", gap.at}, {"length_ms", gap.length}, {"skipped_ms", gap.skipped}});
  }
  json["gaps_complete"] = ended.has_all_gaps;
  json["beside"] = Json::array();
  for (const File& file : ended.beside) {
    json["beside"].push_back({{"file", file.path}, {"size", file.size}, {"sha256", file.sha256}});
  }
  json["hold"] = recording.hold ? Json(*recording.hold) : Json(nullptr);
  json["deleted"] = optional_time(recording.deleted);
  json["delete_reason"] = recording.delete_reason;
  json["manifest"] = recording.manifest ? Json(*recording.manifest) : Json(nullptr);
  return json;
}

nlohmann::ordered_json json_of(const Attempt& attempt) {
  return {{"store", attempt.store},
          {"began", base::utc_text(attempt.began)},
          {"ended", base::utc_text(attempt.ended)},
          {"error", attempt.error},
          {"uri", attempt.uri}};
}

nlohmann::ordered_json json_of(const VerifyReport& report) {
  Json findings = Json::array();
  for (const Finding& finding : report.findings) {
    findings.push_back({{"kind", name_of(finding.kind)}, {"id", finding.id}, {"text", finding.text}});
  }
  return {{"recordings", report.recordings},
          {"files", report.files},
          {"remote", report.remote},
          {"deleted", report.deleted},
          {"manifest_lines", report.manifest.lines},
          {"head", report.manifest.head},
          {"signed_late", report.late},
          {"findings", findings}};
}

std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace catalogue
