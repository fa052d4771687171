#include "app/recordings_command.hpp"

#include <cstdio>
#include <fcntl.h>
#include <utility>

#include "app/config.hpp"
#include "base/fd.hpp"
#include "catalogue/deletion.hpp"
#include "catalogue/explain.hpp"
#include "catalogue/export.hpp"
#include "catalogue/print.hpp"
#include "catalogue/signing.hpp"
#include "catalogue/time_text.hpp"
#include "catalogue/verify.hpp"
#include "play/audio_file.hpp"

namespace app {

using base::Result;
using catalogue::Database;

namespace {

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }
void print_line(const std::string& text) { print(text + "\n"); }

void complain(const std::string& text) { std::fprintf(stderr, "telegraphone: %s\n", base::log::escaped(text).c_str()); }

constexpr std::chrono::milliseconds kSigning{2000};  // what a server needs for what has just ended, and much more

catalogue::Instant now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

// How long a file plays by its own account.
std::optional<std::chrono::milliseconds> playing_time(const std::filesystem::path& file) {
  constexpr std::uint32_t kRate = 8000;
  auto opened = play::AudioFile::open(base::Fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC)), kRate);
  if (!opened) return std::nullopt;
  return std::chrono::milliseconds((*opened)->length() * 1000 / kRate);
}

}  // namespace

std::filesystem::path catalogue_file(const Config& config) {
  if (config.catalogue_file.empty()) return data_directory() / "catalogue.sqlite";
  return std::filesystem::absolute(config.catalogue_file);
}

std::filesystem::path recordings_directory(const Config& config) {
  if (config.recording_directory.empty()) return std::filesystem::absolute(data_directory() / "recordings");
  return std::filesystem::absolute(config.recording_directory);
}

std::filesystem::path spool_directory(const Config& config) {
  if (config.spool_directory.empty()) return recordings_directory(config) / "spool";
  return std::filesystem::absolute(config.spool_directory);
}

RecordingsCommand::RecordingsCommand(CLI::App& cli) {
  recordings_ = cli.add_subcommand("recordings", "what was recorded, from the catalogue");
  recordings_->require_subcommand(1);
  list_ = add("list", "a line for each recording, newest first");
  add_filter(list_);
  add_json(list_);
  show_ = add("show", "all that is known of recordings");
  show_->add_option("ID", keys_, "id, component, file name or uri")->required();
  add_json(show_);
  verify_ = add("verify", "compare files, catalogue and signed manifest; exit status 1 if something is not as it was");
  add_filter(verify_);
  add_json(verify_);
  verify_->add_option("--key", public_key_, "file with the public key; without it the one beside the catalogue");
  verify_->add_option("--head", head_, "a head that was printed before and has to be in the manifest");
  verify_->add_option("--folder", folder_, "that must hold nothing but recordings of the catalogue");
  retry_ = add("retry", "ask that recordings be stored again, now");
  delete_ = add("delete", "delete the files of recordings; that they were stays known");
  delete_->add_option("--reason", why_, "why, for the record")->required();
  hold_ = add("hold", "put recordings under a legal hold: nothing deletes them");
  hold_->add_option("--reason", why_, "why, for the record")->required();
  release_ = add("release", "end a legal hold");
  for (CLI::App* command : {retry_, delete_, hold_, release_}) {
    command->add_option("ID", keys_, "id, component, file name or uri")->required();
  }
  export_ = add("export", "copy recordings out, with their facts, checksums and the signed manifest");
  export_->add_option("--to", folder_, "an empty folder, or one to be made")->required();
  export_->add_option("ID", keys_, "which; without any: those that the filters say");
  add_filter(export_);
  explain_ = cli.add_subcommand("explain", "say in plain words why a recording is short, silent or missing");
  explain_->add_option("ID", keys_, "id, component, file name or uri")->required();
  add_place(explain_);
}

CLI::App* RecordingsCommand::add(const std::string& name, const std::string& meaning) {
  CLI::App* command = recordings_->add_subcommand(name, meaning);
  add_place(command);
  return command;
}

void RecordingsCommand::add_place(CLI::App* command) {
  command->add_option("--config", config_file_, "the server's configuration file");
  command->add_option("--catalogue", catalogue_file_, "the catalogue itself (catalogue.sqlite)");
}

void RecordingsCommand::add_json(CLI::App* command) { command->add_flag("--json", json_, "JSON instead of a table"); }

void RecordingsCommand::add_filter(CLI::App* command) {
  command->add_option("--state", state_, "recording, completed, failed or interrupted");
  command->add_option("--delivery", delivery_, "none, waiting, stored or refused");
  command->add_option("--call", filter_.call, "id of the call");
  command->add_option("--account", filter_.account, "JID of the client that asked for it");
  command->add_option("--format", filter_.format, "mp3, wav …");
  command->add_option("--reason", filter_.reason, "stop, hangup, error …");
  command->add_option("--party", filter_.party, "part of either party's address");
  command->add_option("--since", since_, "2026-11-22, 2026-11-22T23:56 (UTC), or so long ago: 24h, 7d");
  command->add_option("--before", before_, "likewise");
  command->add_option("--limit", limit_, "at most so many")->check(CLI::PositiveNumber);
  command->add_flag("--deleted", only_deleted_, "only what was deleted");
  command->add_flag("--all", also_deleted_, "what was deleted too");
  command->add_flag("--held", only_held_, "only what is under a legal hold");
}

Result<void> RecordingsCommand::find_places() {
  std::filesystem::path file = catalogue_file_;
  Config config;
  if (!config_file_.empty()) {
    auto read = read_config(config_file_);
    if (!read) return std::move(read.error());
    config = std::move(*read);
  }
  if (file.empty()) {
    file = catalogue_file(config);
    recordings_folders_ = {recordings_directory(config)};
    for (const auto& [name, settings] : config.dispatch.delivery.stores) {
      const auto& values = settings.values();
      if (values.value("strategy", "") == "file") recordings_folders_.emplace_back(values.value("directory", ""));
    }
    spool_ = spool_directory(config);
  }
  places_ = catalogue::places_of(file);
  return {};
}

Result<catalogue::Filter> RecordingsCommand::filter() const {
  catalogue::Filter filter = filter_;
  if (!state_.empty() && !(filter.state = catalogue::parse_state(state_))) {
    return base::bad_request("--state: expected recording, completed, failed or interrupted");
  }
  if (!delivery_.empty() && !(filter.delivery = catalogue::parse_delivery(delivery_))) {
    return base::bad_request("--delivery: expected none, waiting, stored or refused");
  }
  constexpr const char* kTime = ": expected a date like 2026-11-22, a time like 2026-11-22T23:56, or an age like 7d";
  if (!since_.empty() && !(filter.since = catalogue::parse_instant(since_, now()))) {
    return base::bad_request(std::string("--since") + kTime);
  }
  if (!before_.empty() && !(filter.before = catalogue::parse_instant(before_, now()))) {
    return base::bad_request(std::string("--before") + kTime);
  }
  if (only_deleted_ || !also_deleted_) filter.is_deleted = only_deleted_;
  if (only_held_) filter.is_held = true;
  if (limit_ > 0) filter.limit = limit_;
  return filter;
}

int RecordingsCommand::run() {
  const auto status = run_found();
  if (status) return *status;
  complain(status.error().text);
  return status.error().kind == base::Kind::bad_request ? 2 : 1;
}

Result<int> RecordingsCommand::run_found() {
  if (auto found = find_places(); !found) return std::move(found.error());
  for (const CLI::App* command : {retry_, delete_, hold_, release_}) {
    if (command->parsed()) return change();
  }
  const auto database = catalogue::open_for_reading(places_.catalogue);
  if (!database) return database.error();
  if (list_->parsed()) return list(*database);
  if (show_->parsed()) return show(*database);
  if (verify_->parsed()) return verify(*database);
  if (export_->parsed()) return export_to(*database);
  return explain(*database);
}

Result<int> RecordingsCommand::list(const Database& database) {
  const auto filter = this->filter();
  if (!filter) return filter.error();
  if (json_) {
    auto printed = catalogue::each(database, *filter, [](catalogue::Recording&& recording) {
      print_line(catalogue::dump(catalogue::json_of(recording)));
      return true;
    });
    if (!printed) return std::move(printed.error());
    return 0;
  }
  const auto recordings = catalogue::list(database, *filter);
  if (!recordings) return recordings.error();
  print(catalogue::table_of(*recordings));
  return 0;
}

Result<int> RecordingsCommand::show(const Database& database) {
  for (const std::string& key : keys_) {
    const auto recording = catalogue::find(database, key);
    if (!recording) return recording.error();
    const auto attempts = catalogue::attempts_of(database, recording->begun.id);
    if (!attempts) return attempts.error();
    if (json_) {
      auto json = catalogue::json_of(*recording);
      json["attempts"] = nlohmann::ordered_json::array();
      for (const auto& attempt : *attempts) json["attempts"].push_back(catalogue::json_of(attempt));
      print_line(catalogue::dump(json));
    } else {
      print((&key == keys_.data() ? "" : "\n") + catalogue::sheet_of(*recording, *attempts));
    }
  }
  return 0;
}

Result<int> RecordingsCommand::explain(const Database& database) {
  for (const std::string& key : keys_) {
    const auto recording = catalogue::find(database, key);
    if (!recording) return recording.error();
    const auto attempts = catalogue::attempts_of(database, recording->begun.id);
    if (!attempts) return attempts.error();
    auto file = catalogue::FileState::unknown;
    if (std::error_code error; !recording->ended.file.empty()) {
      const bool is_there = std::filesystem::exists(recording->ended.file, error);
      if (!error) file = is_there ? catalogue::FileState::there : catalogue::FileState::gone;
    }
    print_line(base::log::escaped(recording->begun.id));
    for (const std::string& sentence : catalogue::explain(*recording, *attempts, file, now())) {
      print_line("  " + base::log::escaped(sentence));
    }
  }
  return 0;
}

Result<int> RecordingsCommand::verify(const Database& database) {
  auto filter = this->filter();
  if (!filter) return std::move(filter.error());
  if (!only_deleted_) filter->is_deleted.reset();
  auto key = catalogue::PublicKey::read(public_key_.empty() ? places_.public_key : std::filesystem::path(public_key_));
  if (!key) return std::move(key.error());
  catalogue::VerifyOptions options;
  options.manifest = places_.manifest;
  options.key = *key;
  options.measure = playing_time;
  options.filter = *filter;
  options.head = head_;
  options.patience = kSigning;
  if (!folder_.empty()) recordings_folders_ = {std::filesystem::absolute(folder_)};
  for (const std::filesystem::path& folder : recordings_folders_) {
    if (std::error_code error; std::filesystem::exists(folder, error)) {
      options.folders.push_back(folder.lexically_normal());
    }
  }
  const auto report = catalogue::verify(database, options);
  if (!report) return report.error();
  print(json_ ? catalogue::dump(catalogue::json_of(*report)) + "\n" : catalogue::text_of(*report));
  return report->findings.empty() ? 0 : 1;
}

Result<int> RecordingsCommand::export_to(const Database& database) {
  std::vector<catalogue::Recording> recordings;
  if (keys_.empty()) {
    const auto filter = this->filter();
    if (!filter) return filter.error();
    auto found = catalogue::list(database, *filter);
    if (!found) return std::move(found.error());
    recordings = std::move(*found);
  }
  for (const std::string& key : keys_) {
    auto found = catalogue::find(database, key);
    if (!found) return std::move(found.error());
    recordings.push_back(std::move(*found));
  }
  const auto exported =
      catalogue::export_recordings(database, std::move(recordings), places_.manifest, places_.public_key, folder_);
  if (!exported) return exported.error();
  for (const std::string& error : exported->errors) complain(error);
  print_line(fmt::format("{} recordings, {} files in {}", exported->recordings, exported->files, folder_));
  return exported->errors.empty() ? 0 : 1;
}

Result<int> RecordingsCommand::change() {
  if (std::error_code error; !std::filesystem::exists(places_.catalogue, error)) {
    return base::Error{base::Kind::not_found, places_.catalogue.string() + ": there is no such catalogue"};
  }
  auto catalogue = catalogue::Catalogue::open(places_.catalogue);
  if (!catalogue) return std::move(catalogue.error());
  int status = 0;
  for (const std::string& key : keys_) {
    if (auto changed = change_one(*catalogue, key); !changed) {
      complain(key + ": " + changed.error().text);
      status = 1;
    }
  }
  if (!delete_->parsed()) return status;
  auto signing_key = catalogue::SigningKey::open_or_make(places_.key);
  if (!signing_key) return std::move(signing_key.error());
  const catalogue::Manifest manifest(places_.manifest, std::move(*signing_key));
  auto lines = catalogue::sign_pending(*catalogue, manifest, now(), {&deleted_, false});
  if (!lines) return std::move(lines.error());
  return status;
}

Result<void> RecordingsCommand::change_one(catalogue::Catalogue& catalogue, const std::string& key) {
  auto recording = catalogue::find(catalogue.database(), key);
  if (!recording) return std::move(recording.error());
  const std::string& id = recording->begun.id;
  if (retry_->parsed()) return catalogue.ask_retry(id, now());
  if (hold_->parsed()) return catalogue.set_hold(id, why_, now());
  if (release_->parsed()) return catalogue.set_hold(id, std::nullopt, now());
  return delete_one(catalogue, *recording);
}

Result<void> RecordingsCommand::delete_one(catalogue::Catalogue& catalogue, const catalogue::Recording& recording) {
  const std::string& id = recording.begun.id;
  const catalogue::Ended& ended = recording.ended;
  const bool is_waiting = ended.delivery == catalogue::Delivery::waiting;
  // What a directory of this machine keeps; not a copy that the spool still has of what is elsewhere.
  const bool is_ours = !ended.file.empty() && std::filesystem::path(ended.file).parent_path() != spool_ &&
                       (!spool_.empty() || ended.uri.starts_with("file:"));
  const bool is_elsewhere = ended.delivery == catalogue::Delivery::stored && !is_ours;
  if (is_waiting || is_elsewhere) {  // only the server has what its store asks for
    if (auto begun = catalogue.begin_deletion(id, why_, now()); !begun) return begun;
    print_line(id + (is_waiting ? ": the server deletes it once it has been stored"
                                : ": the server deletes it, at its store too: in some seconds, or once it is started"));
    return {};
  }
  auto deleted = catalogue::delete_recording(catalogue, id, why_, now(), catalogue::remove_local_files);
  if (deleted) deleted_.insert(id);
  return deleted;
}

}  // namespace app
