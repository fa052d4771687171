#include "catalogue/keeper.hpp"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/log.hpp"
#include "catalogue/queries.hpp"
#include "catalogue/signing.hpp"

namespace catalogue {
namespace {

constexpr std::chrono::milliseconds kRetry{1000};
constexpr std::chrono::milliseconds kLookForRetries{5000};
// So many changes are one transaction: the disk syncs once for all of them, and other processes get their turn.
constexpr std::size_t kMostAtOnce = 1000;
constexpr std::size_t kMostErrors = 3;  // of a sweep that are logged

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

std::string id_of(const Keeper::Change& change) {
  return std::visit(
      Overloaded{[](const Keeper::LateBegun& late) { return late.begun.id; },
                 [](const Keeper::Orphans&) { return std::string("orphans"); },
                 [](const Keeper::Call&) { return std::string("a call"); }, [](const auto& other) { return other.id; }},
      change);
}

// What a crash may have let happen before.
base::Result<void> once_is_enough(base::Result<void> result) {
  if (!result && result.error().kind == base::Kind::conflict) return {};
  return result;
}

// The disk's fault: the same may work later. Anything else never will.
bool may_work_later(const base::Error& error) {
  return error.kind == base::Kind::no_resources || error.kind == base::Kind::internal;
}

}  // namespace

Places places_of(const std::filesystem::path& catalogue) {
  Places places{catalogue, catalogue, catalogue, catalogue};
  places.manifest.replace_extension(".manifest");
  places.key.replace_extension(".key");
  places.public_key.replace_extension(".key.pub");
  return places;
}

Keeper::Keeper(KeeperOptions options)
    : options_(std::move(options)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), mailbox_([this] {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t ignored = ::write(wake_.get(), &one, sizeof one);
      }) {}

Keeper::~Keeper() { stop(); }

base::Result<void> Keeper::open() {
  const Places places = places_of(options_.file);
  auto key = SigningKey::open_or_make(places.key);
  if (!key) return std::move(key.error());
  manifest_ = std::make_unique<Manifest>(places.manifest, std::move(*key));
  std::error_code unknown;
  const bool is_new = !std::filesystem::exists(places.catalogue, unknown);
  auto catalogue = Catalogue::open(places.catalogue, options_.busy);
  if (!catalogue) return std::move(catalogue.error());
  catalogue_ = std::move(*catalogue);
  if (const auto size = std::filesystem::file_size(places.manifest, unknown); is_new && !unknown && size > 0) {
    base::log::error("catalogue", "{} is new, and there is a manifest beside it: the catalogue before it was removed",
                     places.catalogue.string());
  }
  return {};
}

base::Result<void> Keeper::start() {
  if (!wake_) return base::Error{base::Kind::no_resources, "start the catalogue's thread: no descriptor"};
  if (auto opened = open(); !opened) {
    if (opened.error().kind != base::Kind::no_resources) return opened;
    base::log::error("catalogue", "{}; it is tried again, and what is recorded meanwhile waits in memory",
                     opened.error().text);
  }
  if (catalogue_) sign(options_.now());
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    return base::Error{base::Kind::no_resources, std::string("start the catalogue's thread: ") + error.what()};
  }
  return {};
}

void Keeper::post(Change change) {
  posted_.fetch_add(1, std::memory_order_relaxed);
  mailbox_.post(std::move(change));
}

void Keeper::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(wake_.get(), &one, sizeof one);
  thread_.join();
  for (const Change& change : waiting_) {
    base::log::error("catalogue", "{}: a change could not be written before the end", id_of(change));
  }
}

Keeper::Stats Keeper::stats() const {
  Stats stats;
  stats.written = written_;
  stats.refused = refused_;
  stats.failures = failures_;
  stats.signed_lines = signed_lines_;
  stats.deleted = deleted_;
  stats.waiting = posted_ - stats.written - stats.refused;
  return stats;
}

void Keeper::run() {
  pthread_setname_np(pthread_self(), "catalogue");
  while (!stopping_) {
    const bool is_sweeping = next_sweep_ && *next_sweep_ <= options_.now() + kRetry;
    const bool is_behind = !catalogue_ || !waiting_.empty() || !unsigned_.empty() || has_rest_ || is_sweeping;
    const std::chrono::milliseconds sweep = options_.sweep_interval;
    wait(is_behind ? kRetry : options_.retry ? std::min(kLookForRetries, sweep) : sweep);
    turn(options_.now());
  }
  turn(options_.now());  // what came with the order to stop
}

void Keeper::wait(std::chrono::milliseconds at_most) {
  pollfd wake{wake_.get(), POLLIN, 0};
  if (::poll(&wake, 1, static_cast<int>(at_most.count())) <= 0) return;
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t ignored = ::read(wake_.get(), &count, sizeof count);
}

void Keeper::turn(Instant now) {
  mailbox_.drain([this](Change&& change) { waiting_.push_back(std::move(change)); });
  if (!is_open()) return;
  while (!waiting_.empty()) {
    if (!write_waiting()) break;
  }
  sign(now);
  look_for_deletions(now);
  sweep_if_due(now);
  pass_on_retries();
}

// A start that could not open it goes on without.
bool Keeper::is_open() {
  if (catalogue_) return true;
  const auto opened = open();
  if (opened) {
    base::log::info("catalogue", "opened; {} changes have waited", waiting_.size());
    return true;
  }
  if (failures_++ % 60 == 0) base::log::error("catalogue", "{} changes wait: {}", waiting_.size(), opened.error().text);
  return false;
}

void Keeper::pass_on_retries() {
  if (!options_.retry) return;
  auto taken = catalogue_->take_retries();
  if (!taken) return base::log::error("catalogue", "retries: {}", taken.error().text);
  for (const std::string& id : *taken) {
    base::log::info("catalogue", "{}: somebody asks that it be delivered now", id);
    options_.retry(id);
  }
}

// False: the disk does not want; all of it waits.
bool Keeper::write_waiting() {
  const auto failed = [this](const base::Error& error) {
    if (failures_++ % 60 == 0) {  // a minute of it is one line
      base::log::error("catalogue", "{} changes wait: {}", waiting_.size(), error.text);
    }
    return false;
  };
  auto transaction = catalogue_->transaction();
  if (!transaction) return failed(transaction.error());
  const std::size_t count = std::min(waiting_.size(), kMostAtOnce);
  std::vector<std::string> refusals;
  for (std::size_t i = 0; i < count; ++i) {
    auto applied = apply(waiting_[i]);
    if (applied) continue;
    if (may_work_later(applied.error())) return failed(applied.error());
    refusals.push_back(id_of(waiting_[i]) + ": " + applied.error().text);
  }
  if (auto committed = transaction->commit(); !committed) return failed(committed.error());
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto* call = std::get_if<Call>(&waiting_[i])) call->action();
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  written_ += count - refusals.size();
  refused_ += refusals.size();
  for (const std::string& refusal : refusals) base::log::error("catalogue", "refused: {}", base::log::escaped(refusal));
  return true;
}

base::Result<void> Keeper::apply(const Change& change) {
  return std::visit(
      Overloaded{[&](const Begun& begun) { return catalogue_->begin(begun); },
                 [&](const LateBegun& late) { return once_is_enough(catalogue_->begin(late.begun)); },
                 [&](const End& end) {
                   auto ended = catalogue_->end(end.id, end.ended);
                   if (ended) unsigned_.insert(end.id);
                   return end.is_late ? once_is_enough(std::move(ended)) : std::move(ended);
                 },
                 [&](const Orphans& orphans) { return end_orphans(orphans); },
                 [](const Call&) { return base::Result<void>(); },
                 [&](const Try& one) { return catalogue_->attempt(one.id, one.attempt); },
                 [&](const Moved& moved) { return catalogue_->set_file(moved.id, moved.file); },
                 [&](const Hold& hold) { return catalogue_->set_hold(hold.id, hold.why, options_.now()); }},
      change);
}

base::Result<void> Keeper::end_orphans(const Orphans& orphans) {
  Filter filter;
  filter.state = State::recording;
  filter.before = orphans.before;
  const auto rows = list(catalogue_->database(), filter);
  if (!rows) return rows.error();
  for (const Recording& row : *rows) {
    Ended ended{.state = State::interrupted, .ended = options_.now(), .reason = "interrupted", .error = orphans.error};
    ended.has_all_gaps = false;
    if (auto done = catalogue_->end(row.begun.id, ended); !done) return done;
    unsigned_.insert(row.begun.id);
  }
  return {};
}

void Keeper::sign(Instant now) {
  const auto lines = sign_pending(*catalogue_, *manifest_, now, {&unsigned_, look_back_});
  if (!lines) {
    if (failures_++ % 60 == 0) base::log::error("catalogue", "sign: {}", lines.error().text);
    look_back_ = true;
    return;
  }
  signed_lines_ += *lines;
  unsigned_.clear();
  look_back_ = has_rest_ && !sign_rest(now);
}

// What a process before this one ended and could not sign any more.
bool Keeper::sign_rest(Instant now) {
  const auto lines = sign_pending(*catalogue_, *manifest_, now, {nullptr, true});
  if (!lines) {
    if (failures_++ % 60 == 0) base::log::error("catalogue", "sign: {}", lines.error().text);
    return false;
  }
  if (*lines > 0) base::log::info("catalogue", "{} lines of the process before this one signed", *lines);
  signed_lines_ += *lines;
  has_rest_ = false;
  return true;
}

// What somebody has asked for by `recordings delete` since the last sweep does not wait for the next one.
void Keeper::look_for_deletions(Instant now) {
  auto version = catalogue_->database().prepare("PRAGMA data_version");
  if (!version) return;
  if (auto row = version->step(); !row || !*row || version->number(0) == seen_version_) return;
  seen_version_ = version->number(0);
  auto asked = catalogue_->database().prepare(
      "SELECT 1 FROM recordings WHERE deleting >= ? AND deleted IS NULL AND hold IS NULL LIMIT 1");
  if (!asked) return;
  asked->bind(milliseconds_of(last_sweep_));
  if (auto row = asked->step(); row && *row) next_sweep_ = now;
}

void Keeper::sweep_if_due(Instant now) {
  if (next_sweep_ && now < *next_sweep_) return;
  next_sweep_ = now + options_.sweep_interval;
  last_sweep_ = now;
  const auto swept = sweep(*catalogue_, {options_.retention, options_.remove}, now);
  if (!swept) return base::log::error("catalogue", "retention: {}", swept.error().text);
  const std::size_t told = swept->is_cut_short ? 0 : std::min(swept->errors.size(), kMostErrors);
  for (std::size_t i = 0; i < told; ++i) {
    base::log::error("catalogue", "retention: {}", base::log::escaped(swept->errors[i]));
  }
  if (told > 0 && swept->errors.size() > told) {
    base::log::error("catalogue", "retention: {} more could not be deleted either", swept->errors.size() - told);
  }
  if (swept->is_cut_short) next_sweep_ = now + kRetry;
  if (swept->deleted.empty()) return;
  deleted_ += swept->deleted.size();
  base::log::info("catalogue", "retention: {} recordings deleted, {} held", swept->deleted.size(), swept->held);
  unsigned_.insert(swept->deleted.begin(), swept->deleted.end());
  sign(now);
}

}  // namespace catalogue
