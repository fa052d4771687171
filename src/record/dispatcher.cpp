#include "record/dispatcher.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/log.hpp"
#include "storage/checksum.hpp"
#include "storage/disk_error.hpp"
#include "storage/file_name.hpp"

namespace record {
namespace {

namespace fs = std::filesystem;
using storage::DeliveryEntry;

constexpr std::chrono::milliseconds kHurried{5000};
constexpr std::chrono::seconds kEnding{20};
// For a recording that has failed and whose entry the disk does not take: a store may have it in a moment all the same.
constexpr std::chrono::milliseconds kDiskFails{2000};
// What is told after a crash, in the entry's notes.
constexpr const char* kClient = "client";
constexpr const char* kReason = "reason";
constexpr const char* kError = "error";

DispatchOptions with_store(DispatchOptions options, const fs::path& directory) {
  if (options.delivery.stores.empty()) {
    const nlohmann::json local = {{"strategy", "file"}, {"directory", directory.string()}};
    options.delivery.stores.emplace("local", storage::Settings(local));
  }
  if (options.stores.empty()) options.stores = {"local"};
  options.delivery.queue.until_told = true;
  return options;
}

std::string content_type(const std::string& name) {
  static const std::map<std::string, std::string, std::less<>> types = {
      {".mp3", "audio/mpeg"}, {".wav", "audio/wav"}, {".flac", "audio/flac"},       {".ogg", "audio/ogg"},
      {".opus", "audio/ogg"}, {".gsm", "audio/gsm"}, {".json", "application/json"},
  };
  const auto found = types.find(fs::path(name).extension().string());
  return found == types.end() ? "application/octet-stream" : found->second;
}

// What it is called once it is to be delivered.
fs::path without_part(const fs::path& path) {
  return path.extension() == ".part" ? fs::path(path).replace_extension() : path;
}

base::Result<storage::Piece> piece_of(const fs::path& path, const std::string& name,
                                      const std::function<void()>& gets_on) {
  auto digest = storage::digest_of_file(storage::Digest::sha256, path, 0, UINT64_MAX, gets_on);
  if (!digest) return std::move(digest.error());
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) return storage::disk_error("look at " + path.string(), error.value());
  return storage::Piece{without_part(path), name, size, storage::hex(*digest), content_type(name)};
}

base::Result<void> write_synced(const base::Fd& fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return storage::disk_error("write", written < 0 ? errno : ENOSPC);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd.get()) != 0) return storage::disk_error("fsync", errno);
  return {};
}

storage::About about_of(const std::string& id, const Request& request, const std::string& format,
                        std::chrono::system_clock::time_point began) {
  return {.id = id,
          .call_id = request.call_id,
          .component_id = request.component_id,
          .account = request.account,
          .from = request.from,
          .to = request.to,
          .format = format,
          .began = began,
          .duration = {}};
}

Outcome outcome_of(const Facts& facts) {
  return {.reason = facts.reason,
          .error = facts.error,
          .uri = {},
          .duration = duration_of(facts),
          .size = facts.size,
          .stats = facts.stats};
}

// What is left of an outcome after a crash.
Recovered recovered_of(const DeliveryEntry& entry) {
  const auto note = [&entry](const char* name) {
    const auto found = entry.notes.find(name);
    return found == entry.notes.end() ? std::string() : found->second;
  };
  const storage::About& about = entry.item.about;
  return {about.call_id,
          about.component_id,
          note(kClient),
          {.reason = parse_reason(note(kReason)).value_or(EndReason::error),
           .error = note(kError),
           .uri = entry.uri,
           .duration = about.duration,
           .size = entry.item.pieces.front().size,
           .stats = {}}};
}

}  // namespace

Dispatcher::Dispatcher(DispatchOptions options, const storage::Spool& spool, const fs::path& directory, Ledger* ledger,
                       Answers answers)
    : options_(with_store(std::move(options), directory)),
      spool_(spool),
      routing_(options_.rules, options_.stores),
      ledger_(ledger),
      answers_(std::move(answers)),
      delivery_(spool.directory(), options_.delivery, events()) {}

Dispatcher::~Dispatcher() { stop(); }

storage::Delivery::Events Dispatcher::events() {
  return {.found = [this](const DeliveryEntry& entry) { messages_.post(Found{entry}); },
          .accepted = [this](const std::string& id) { messages_.post(Accepted{id}); },
          .stored = [this](const DeliveryEntry& entry) { messages_.post(Stored{entry}); },
          .failed =
              [this](const std::string& id, const std::string& store, const std::string& error) {
                messages_.post(Failed{id, store, error});
              },
          .unwritten = [this](const std::string& id, const base::Error&) { messages_.post(Unwritten{id}); },
          .removed = [this](const std::string& id) { messages_.post(Removed{id}); }};
}

base::Result<void> Dispatcher::start() {
  if (!messages_) return base::Error{base::Kind::no_resources, "start the dispatching thread: no descriptor left"};
  if (auto started = delivery_.start(); !started) return started;
  return thread_.start("dispatching thread", [this] { run(); });
}

void Dispatcher::began(const Began& event) {
  if (ledger_ != nullptr) ledger_->began(event);
  if (keeps_master(event.settings)) return;  // another file will be delivered
  const std::string name = without_part(event.file).filename().string();
  delivery_.growing({about_of(event.id, event.request, event.settings.format, event.began),
                     {event.file, name, 0, "", content_type(name)}},
                    stores_for(event.request, event.settings.format));
}

void Dispatcher::discarded(const std::string& id) {
  if (ledger_ != nullptr) ledger_->discarded(id);
  delivery_.gone(id);
}

void Dispatcher::take(Ready ready) { messages_.post(std::move(ready)); }
void Dispatcher::recovery_over(std::vector<std::string> kept) { messages_.post(RecoveryOver{std::move(kept)}); }
void Dispatcher::hurry() { messages_.post(Hurry{}); }

bool Dispatcher::stop() {
  if (thread_.is_started()) messages_.post(Stop{});
  bool have_ended = thread_.join(kEnding);
  have_ended = delivery_.stop() && have_ended;
  if (!have_ended) return false;
  messages_.drain([this](Message&& message) { obey(std::move(message)); });
  return true;
}

const std::vector<std::string>& Dispatcher::stores_for(const Request& request, const std::string& format) const {
  return routing_.stores_for({.account = request.account, .format = format, .headers = request.headers});
}

void Dispatcher::run() {
  pthread_setname_np(pthread_self(), "dispatcher");
  while (!stopping_ || !waiting_.empty()) {
    pulse_.rest();
    messages_.wait(patience());
    messages_.drain([this](Message&& message) { obey(std::move(message)); });
    std::vector<std::string> overdue;
    for (const auto& [id, waiting] : waiting_) {
      if (waiting.deadline <= base::Clock::now()) overdue.push_back(id);
    }
    for (const std::string& id : overdue) tell_early(id);
  }
}

std::chrono::milliseconds Dispatcher::patience() const {
  if (waiting_.empty()) return std::chrono::milliseconds(-1);
  base::Time first = base::Time::max();
  for (const auto& [id, waiting] : waiting_) first = std::min(first, waiting.deadline);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - base::Clock::now());
  return std::clamp(left, std::chrono::milliseconds(0), std::chrono::milliseconds(60'000));
}

void Dispatcher::obey(Message&& message) {
  pulse_.beat(base::Clock::now());
  if (auto* ready = std::get_if<Ready>(&message)) return dispatch(*ready);
  if (std::holds_alternative<Hurry>(message) || std::holds_alternative<Stop>(message)) {
    is_hurried_ = true;
    stopping_ = stopping_ || std::holds_alternative<Stop>(message);
    const base::Time latest = base::Clock::now() + kHurried;
    for (auto& [id, waiting] : waiting_) waiting.deadline = std::min(waiting.deadline, latest);
  } else if (const auto* found = std::get_if<Found>(&message)) {
    if (ledger_ != nullptr) ledger_->found(found->entry);
    if (!found->entry.is_told) {
      wait_for(found->entry, {.id = 0, .recovered = recovered_of(found->entry), .deadline = {}, .uri = {}});
    }
  } else if (const auto* stored = std::get_if<Stored>(&message)) {
    const DeliveryEntry& entry = stored->entry;
    tell(entry.id(), entry.uri);
    const auto written = [this, id = entry.id()] { delivery_.told(id); };
    if (ledger_ != nullptr) {
      ledger_->delivered(entry, written);
    } else {
      written();
    }
  } else if (auto* over = std::get_if<RecoveryOver>(&message)) {
    if (ledger_ != nullptr) ledger_->recovered_all(over->kept.size());
    for (const auto& [id, waiting] : waiting_) over->kept.push_back(waiting.recovered.component_id);
    if (answers_.recovery_over) answers_.recovery_over(over->kept);
  } else if (const auto* accepted = std::get_if<Accepted>(&message)) {
    const auto waiting = waiting_.find(accepted->id);
    if (waiting != waiting_.end() && !options_.is_told_when_stored) tell_early(accepted->id);
  } else if (const auto* unwritten = std::get_if<Unwritten>(&message)) {
    const auto waiting = waiting_.find(unwritten->id);
    if (waiting != waiting_.end() && waiting->second.recovered.outcome.reason == EndReason::error) {
      waiting->second.deadline = std::min(waiting->second.deadline, base::Clock::now() + kDiskFails);
    }
  } else if (const auto* failed = std::get_if<Failed>(&message)) {
    if (ledger_ != nullptr) ledger_->delivery_failed(failed->id, failed->store, failed->error);
  } else if (const auto* removed = std::get_if<Removed>(&message)) {
    if (ledger_ != nullptr) ledger_->removed(removed->id);
  }
}

void Dispatcher::dispatch(Ready& ready) {
  Waiting waiting{.id = ready.id,
                  .recovered = {ready.request.call_id, ready.request.component_id,
                                ready.is_told ? std::string() : ready.request.client, outcome_of(ready.facts)},
                  .deadline = {},
                  .uri = {}};
  Outcome& outcome = waiting.recovered.outcome;
  if (!ready.files.empty() && !ready.is_left) {
    auto entry = entry_of(ready);
    if (entry) {
      const std::string id = entry->id();
      wait_for(*entry, waiting);
      outcome.uri = waiting_[id].uri;
      if (ledger_ != nullptr) ledger_->ended({id, std::move(ready.facts), outcome, &*entry});
      return delivery_.submit(std::move(*entry));
    }
    base::log::error("record", "{}: cannot be read back; it stays in the spool: {}", ready.stem, entry.error().text);
    if (outcome.error.empty()) outcome.error = entry.error().text;
    outcome.reason = EndReason::error;
    ready.is_left = true;
  }
  if (ready.is_left) {
    // The next start goes on with it, and is to tell nobody.
    if (ready.journal) ready.journal->told();
    if (!ready.files.empty()) outcome.uri = storage::file_uri(ready.files.front().file.path);
  } else {
    for (const fs::path& path : ready.obsolete) ::unlink(path.c_str());
    if (ready.journal) ready.journal->remove();
    if (ledger_ != nullptr) ledger_->ended({ready.stem, std::move(ready.facts), outcome, nullptr});
    delivery_.gone(ready.stem);
  }
  answer(waiting);
}

base::Result<DeliveryEntry> Dispatcher::entry_of(const Ready& ready) {
  DeliveryEntry entry;
  storage::About& about = entry.item.about;
  about = about_of(ready.stem, ready.request, ready.facts.format, ready.facts.tags.began);
  about.duration = duration_of(ready.facts);
  for (const ReadyFile& one : ready.files) {
    auto piece = piece_of(one.file.path, one.name, [this] { pulse_.beat(base::Clock::now()); });
    if (!piece && !entry.item.pieces.empty()) {  // the recording itself does not wait for it
      base::log::error("record", "{}: {} is not delivered: {}", ready.stem, one.name, piece.error().text);
      continue;
    }
    if (!piece) return std::move(piece.error());
    entry.item.pieces.push_back(std::move(*piece));
  }
  add_sidecar(ready, entry.item);
  entry.stores = stores_for(ready.request, ready.facts.format);
  entry.notes = {{kClient, ready.is_told ? std::string() : ready.request.client},
                 {kReason, std::string(name_of(ready.facts.reason))},
                 {kError, ready.facts.error},
                 {"channels", ready.facts.tags.channels},
                 {"rate", std::to_string(ready.facts.audio.rate)},
                 {"mixer", ready.request.settings.on_mixer ? "yes" : ""},
                 {"encrypted", ready.facts.encrypt_to.empty() ? "" : "yes"}};
  entry.obsolete = ready.obsolete;
  if (ready.journal) entry.obsolete.push_back(ready.journal->path());
  return entry;
}

// One that cannot be written is no reason to keep the recording back.
void Dispatcher::add_sidecar(const Ready& ready, storage::Item& item) {
  const std::string extension = sidecar_extension(ready.facts);
  auto content = sidecar_content(ready.facts, ready.files.front().name);
  if (!content) return base::log::warn("record", "{}: no sidecar: {}", ready.stem, content.error().text);
  auto file = spool_.create(ready.stem, extension.substr(1));
  if (!file) return base::log::warn("record", "{}: no sidecar: {}", ready.stem, file.error().text);
  auto written = write_synced(file->fd, *content);
  if (!written) {
    spool_.remove(*file);
    return base::log::warn("record", "{}: no sidecar: {}", ready.stem, written.error().text);
  }
  const std::string name = ready.stem + extension;
  const std::string digest = storage::hex(storage::digest_of(storage::Digest::sha256, *content));
  item.pieces.push_back({without_part(file->path), name, content->size(), digest, content_type(name)});
}

void Dispatcher::wait_for(const DeliveryEntry& entry, Waiting waiting) {
  const auto patience = is_hurried_ ? std::min(options_.store_timeout, kHurried) : options_.store_timeout;
  waiting.deadline = base::Clock::now() + patience;
  waiting.uri = expected_uri(entry);
  waiting_[entry.id()] = std::move(waiting);
}

std::string Dispatcher::expected_uri(const DeliveryEntry& entry) {
  const std::string& name = entry.stores.front();
  auto& store = stores_[name];
  if (store == nullptr) {
    const auto settings = options_.delivery.stores.find(name);
    if (settings != options_.delivery.stores.end()) {
      if (auto opened = storage::open_store(settings->second)) store = std::move(*opened);
    }
  }
  std::string uri = store == nullptr ? std::string() : store->expected_uri(entry.item);
  // Until somebody knows better it is where it is.
  return uri.empty() ? storage::file_uri(entry.item.pieces.front().path) : uri;
}

void Dispatcher::tell(const std::string& id, const std::string& uri) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  waiting.recovered.outcome.uri = uri;
  answer(waiting);
}

// It is not stored yet.
void Dispatcher::tell_early(const std::string& id) {
  tell(id, std::string(waiting_[id].uri));
  delivery_.told(id);
}

void Dispatcher::answer(Waiting& waiting) {
  if (waiting.id != 0) {
    if (answers_.finished) answers_.finished(waiting.id, std::move(waiting.recovered.outcome));
  } else if (answers_.recovered) {
    answers_.recovered(waiting.recovered);
  }
}

}  // namespace record
