#include "storage/delivery.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <pthread.h>
#include <set>
#include <sys/stat.h>
#include <system_error>
#include <thread>

#include "base/inbox.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/thread.hpp"
#include "storage/abandoned_uploads.hpp"
#include "storage/disk_error.hpp"

namespace storage {
namespace {

using base::Result;
using Job = DeliveryQueue::Job;

double random_share() { return static_cast<double>(base::random_u32()) / 4294967296.0; }

struct Done {
  std::size_t uploader;
  std::string id, store;
  Result<Receipt> result;
  bool is_spoiled = false;
};

// A portion of a recording that grows, or an upload that is given up.
struct ChoreDone {
  std::size_t uploader;
  std::string id;  // empty: of an upload that is given up
  Result<bool> result;
};

// What became of the files in the spool is no store's fault.
Result<void> check(const Item& item) {
  for (const Piece& piece : item.pieces) {
    struct stat status {};
    if (::lstat(piece.path.c_str(), &status) != 0) return disk_error("look at " + piece.path.string(), errno);
    if (!S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) != piece.size) {
      return base::Error{base::Kind::internal, piece.path.string() + " has not the size that was recorded"};
    }
  }
  return {};
}

// Owns its stores; they are opened on its thread when they are first used.
class Uploader {
 public:
  Uploader(std::size_t number, const std::map<std::string, Settings>& settings, std::function<void(Done)> done)
      : number_(number), settings_(settings), done_(std::move(done)) {}

  Result<void> start() {
    return thread_.start("delivery thread", [this] { run(); });
  }
  void give(Job job) {
    inbox_.post([this, job = std::move(job)] { done_(deliver(job)); });
  }
  // `done` is called on this uploader's thread, here and in forget().
  void grow(Growth::Job job, std::function<void(ChoreDone)> done) {
    inbox_.post([this, job = std::move(job), done = std::move(done)] {
      auto store = store_of(job.store);
      done({number_, job.growing.about.id,
            store ? (*store)->grown(job.growing, stopping_) : Result<bool>(std::move(store.error()))});
    });
  }
  void forget(std::string name, std::filesystem::path file, std::function<void(ChoreDone)> done) {  // no file: tidy
    inbox_.post([this, name = std::move(name), file = std::move(file), done = std::move(done)] {
      auto store = store_of(name);
      Result<void> forgot;
      if (!store) {
        forgot = std::move(store.error());
      } else if (file.empty()) {
        forgot = (*store)->tidy(std::chrono::system_clock::now(), stopping_);
      } else {
        forgot = (*store)->forget(file, stopping_);
      }
      if (!forgot) forgot = std::move(forgot.error()).in(name + ": abort what was abandoned");
      done({number_, {}, forgot ? Result<bool>(true) : Result<bool>(forgot.error())});
    });
  }
  void stop() {
    stopping_ = true;
    inbox_.ring();
  }
  bool join(std::chrono::milliseconds at_most) { return thread_.join(at_most); }

 private:
  void run() {
    pthread_setname_np(pthread_self(), "delivery");
    while (!stopping_) {
      inbox_.wait(std::chrono::milliseconds(-1));
      inbox_.drain([](std::function<void()>&& task) { task(); });
    }
  }

  Done deliver(const Job& job) {
    const std::string& id = job.item.about.id;
    if (auto good = check(job.item); !good) return {number_, id, job.store, std::move(good.error()), true};
    auto store = store_of(job.store);
    if (!store) return {number_, id, job.store, std::move(store.error())};
    return {number_, id, job.store, (*store)->store(job.item, stopping_)};
  }

  Result<Store*> store_of(const std::string& name) {
    auto& store = stores_[name];
    if (store == nullptr) {
      const auto settings = settings_.find(name);
      if (settings == settings_.end()) {
        return base::Error{base::Kind::not_found, "no store of this name is configured"};
      }
      auto opened = open_store(settings->second);
      if (!opened) return std::move(opened.error());
      store = std::move(*opened);
    }
    return store.get();
  }

  const std::size_t number_;
  const std::map<std::string, Settings>& settings_;
  const std::function<void(Done)> done_;
  std::map<std::string, std::unique_ptr<Store>> stores_;
  base::Inbox<std::function<void()>> inbox_;
  std::atomic<bool> stopping_{false};
  base::Thread thread_;
};

}  // namespace

class Delivery::Impl {
 public:
  Impl(std::filesystem::path spool, DeliverySettings settings, Events events)
      : settings_(std::move(settings)),
        events_(std::move(events)),
        journal_(std::move(spool)),
        queue_(settings_.queue, journal_, random_share),
        growth_(settings_.growth) {}
  ~Impl() { stop(); }

  Result<void> start() {
    for (const auto& [name, settings] : settings_.stores) {
      auto opened = open_store(settings);
      if (!opened) return std::move(opened.error()).in("store '" + name + "'");
      if (const std::uint64_t portion = (*opened)->portion(); portion > 0) portions_[name] = portion;
    }
    if (!inbox_) return base::Error{base::Kind::no_resources, "start the delivery threads: no descriptor left"};
    if (auto locked = journal_.lock(); !locked) return locked;
    auto recovered = queue_.recover(std::chrono::system_clock::now());
    if (!recovered) return std::move(recovered.error());
    for (const std::string& text : recovered->unreadable) base::log::error("delivery", "{}", text);
    if (recovered->waiting > 0)
      base::log::info("delivery", "{} recordings are still to be delivered", recovered->waiting);
    announced_ = std::move(recovered->stored);
    for (const DeliveryEntry& entry : recovered->found) {
      if (events_.found) events_.found(entry);
    }
    const auto count = static_cast<std::size_t>(std::max(1, settings_.queue.concurrency));
    for (std::size_t i = 0; i < count; ++i) {
      uploaders_.push_back(std::make_unique<Uploader>(i, settings_.stores, [this](Done done) {
        auto shared = std::make_shared<Done>(std::move(done));  // a std::function is copied
        tell([this, shared] { take_result(*shared); });
      }));
      idle_.push_back(i);
      if (auto started = uploaders_.back()->start(); !started) return started;
    }
    return thread_.start("delivery thread", [this] { run(); });
  }

  bool stop() {
    giving_up_ = true;
    for (auto& uploader : uploaders_) uploader->stop();
    bool have_ended = true;
    for (auto& uploader : uploaders_) have_ended = uploader->join(kEnding) && have_ended;
    stopping_ = true;
    inbox_.ring();
    have_ended = thread_.join(kEnding) && have_ended;
    if (have_ended) uploaders_.clear();
    return have_ended;
  }

  void tell(std::function<void()> action) { inbox_.post(std::move(action)); }

  void submit(const DeliveryEntry& entry) {
    growth_.end(entry.id());
    if (auto added = queue_.add(entry, now()); !added) {
      base::log::error("delivery", "{}: {}", entry.id(), added.error().text);
      if (events_.unwritten) events_.unwritten(entry.id(), added.error());
    } else if (events_.accepted) {
      events_.accepted(entry.id());
    }
  }
  void told(const std::string& id) { queue_.told(id); }
  void growing(const Growing& growing, const std::vector<std::string>& stores) {
    const auto portion = stores.empty() ? portions_.end() : portions_.find(stores.front());
    if (portion != portions_.end()) growth_.add(growing, portion->first, portion->second, now());
  }
  void gone(const std::string& id) {
    growth_.end(id);
    next_sweep_ = now();
  }
  void retry(const std::string& id) { queue_.retry(now(), id); }
  DeliveryState state() const { return {queue_.stores(), queue_.waiting(), queue_.busy()}; }

 private:
  static WallTime now() { return std::chrono::system_clock::now(); }

  void run() {
    pthread_setname_np(pthread_self(), "deliverer");
    for (const DeliveryEntry& entry : announced_) {
      if (events_.stored) events_.stored(entry);
    }
    for (bool stopping = false; !stopping;) {
      stopping = stopping_;  // read first: what was posted before stop() is handled below
      inbox_.wait(std::chrono::milliseconds(stopping ? 0 : patience()));
      inbox_.drain([](std::function<void()>&& action) { action(); });
      for (const std::string& id : queue_.write_down(now())) {
        if (events_.accepted) events_.accepted(id);
      }
      for (const std::string& id : queue_.collect(now())) {
        if (events_.removed) events_.removed(id);
      }
      while (!giving_up_ && !idle_.empty()) {
        auto job = queue_.take(now());
        if (!job) break;
        give(std::move(*job));
      }
      do_chores();
    }
  }

  void give(Job job) {
    const auto growing = growing_on_.find(job.item.about.id);
    std::size_t uploader = idle_.back();
    if (growing != growing_on_.end()) {
      // A portion of it is on its way: behind that, on the same thread, which is idle again after both.
      uploader = growing->second;
      growing_on_.erase(growing);
      queued_behind_.insert(uploader);
    } else {
      idle_.pop_back();
    }
    uploaders_[uploader]->give(std::move(job));
  }

  // Uploaders that are left for recordings that are whole.
  std::size_t kept_free() const { return uploaders_.size() > 1 ? 1 : 0; }

  // What can wait.
  void do_chores() {
    if (giving_up_ || portions_.empty()) return;
    if (forgets_.empty() && now() >= next_sweep_) sweep();
    if (now() >= next_tidy_) {
      next_tidy_ = now() + kTidy;
      for (const auto& [store, portion] : portions_) forgets_.emplace_back(store, std::filesystem::path());
    }
    const auto done = [this](ChoreDone chore) {
      auto shared = std::make_shared<ChoreDone>(std::move(chore));
      tell([this, shared] { take_chore(*shared); });
    };
    while (idle_.size() > kept_free()) {
      const std::size_t uploader = idle_.back();
      if (!forgets_.empty()) {
        auto [store, file] = std::move(forgets_.back());
        forgets_.pop_back();
        uploaders_[uploader]->forget(store, file, done);
      } else if (auto job = growth_.take(now())) {
        growing_on_[job->growing.about.id] = uploader;
        uploaders_[uploader]->grow(std::move(*job), done);
      } else {
        return;
      }
      idle_.pop_back();
    }
  }

  void take_chore(const ChoreDone& chore) {
    if (queued_behind_.erase(chore.uploader) == 0) idle_.push_back(chore.uploader);
    if (!chore.result && !giving_up_) {
      const std::string whose = chore.id.empty() ? "" : chore.id + ": ";
      base::log::warn("delivery", "{}{}", whose, chore.result.error().text);
    }
    if (chore.id.empty()) return;
    growing_on_.erase(chore.id);
    growth_.done(chore.id, chore.result, now());
    if (!growth_.knows(chore.id)) next_sweep_ = now();  // it was discarded meanwhile, perhaps
  }

  // Of every store that could have begun them: which one did is known to itself.
  void sweep() {
    next_sweep_ = now() + kSweep;
    const auto files =
        abandoned_uploads(journal_.spool(), [this](const std::string& name) { return growth_.holds(name); });
    if (!files) return base::log::error("delivery", "{}", files.error().text);
    for (const std::filesystem::path& file : *files) {
      for (const auto& [store, portion] : portions_) forgets_.emplace_back(store, file);
    }
  }

  // Milliseconds until there is something to do. The clock may be set: nothing is slept through for longer than a
  // minute.
  int patience() const {
    constexpr std::int64_t kLongest = 60'000;
    if (idle_.empty()) return kLongest;
    auto due = queue_.next_due();
    if (!portions_.empty() && idle_.size() > kept_free()) {
      if (const auto look = growth_.next_due(); look && (!due || *look < *due)) due = look;
      if (!due || next_sweep_ < *due) due = next_sweep_;
    }
    if (!due) return kLongest;
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(*due - now()).count() + 1;
    // Something that is due and could not be done (a file that cannot be removed): not in a loop.
    return static_cast<int>(std::clamp<std::int64_t>(wait, kShortest, kLongest));
  }

  void take_result(const Done& done) {
    idle_.push_back(done.uploader);
    if (done.result) {
      const StoreState before = state_of(done.store);
      if (before.failures > 1) {
        base::log::info("delivery", "{} works again: it had failed {} times in a row; {} recordings wait", done.store,
                        before.failures, queue_.waiting());
      }
      if (const auto stored = queue_.succeeded(done.id, *done.result, now()); !stored) {
        base::log::error("delivery", "{}: {}", done.id, stored.error().text);
      } else if (events_.stored) {
        events_.stored(*stored);
      }
      return;
    }
    const std::string& error = done.result.error().text;
    if (giving_up_) return queue_.abandoned(done.id, now());
    if (done.is_spoiled) {
      base::log::error("delivery", "{}: {}", done.id, error);
      queue_.spoiled(done.id, error);
    } else {
      queue_.failed(done.id, error, now());
      log_failure(done, error);
    }
    if (events_.failed) events_.failed(done.id, done.store, error);
  }

  StoreState state_of(const std::string& store) const {
    const auto found = queue_.stores().find(store);
    return found == queue_.stores().end() ? StoreState() : found->second;
  }

  // Of an outage the first failures, then fewer and fewer of them: the 1st, 2nd, 4th …, and one about every hour.
  void log_failure(const Done& done, const std::string& error) const {
    constexpr int kHour = 60;
    const int failures = state_of(done.store).failures;
    const bool is_told = (failures & (failures - 1)) == 0 || failures % kHour == 0;
    const auto level = is_told ? base::log::Level::warn : base::log::Level::debug;
    if (!base::log::enabled(level)) return;
    const std::string count = failures > 1 ? " (" + std::to_string(failures) + " times in a row)" : "";
    base::log::write(level, "delivery", done.id + ": " + done.store + ": " + error + count);
  }

  static constexpr std::int64_t kShortest = 20;
  static constexpr std::chrono::seconds kEnding{15};  // one that hangs on a disk is waited for no longer
  static constexpr std::chrono::hours kSweep{1};
  static constexpr std::chrono::hours kTidy{24};

  const DeliverySettings settings_;
  const Events events_;
  DeliveryJournal journal_;
  DeliveryQueue queue_;
  Growth growth_;
  std::map<std::string, std::uint64_t> portions_;  // of stores that take what grows
  std::map<std::string, std::size_t> growing_on_;  // recordings with a portion on its way: which uploader
  std::set<std::size_t> queued_behind_;            // uploaders that deliver once their portion is done
  std::vector<std::pair<std::string, std::filesystem::path>> forgets_;  // stores, files; none: all that is old
  WallTime next_sweep_{}, next_tidy_{};
  base::Inbox<std::function<void()>> inbox_;
  std::vector<std::unique_ptr<Uploader>> uploaders_;
  std::vector<std::size_t> idle_;
  std::vector<DeliveryEntry> announced_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> giving_up_{false};  // uploads that fail now do so because of it
  base::Thread thread_;
};

Delivery::Delivery(std::filesystem::path spool, DeliverySettings settings, Events events)
    : impl_(std::make_unique<Impl>(std::move(spool), std::move(settings), std::move(events))) {}
Delivery::~Delivery() = default;

Result<void> Delivery::start() { return impl_->start(); }
bool Delivery::stop() { return impl_->stop(); }
void Delivery::submit(DeliveryEntry entry) {
  impl_->tell([this, entry = std::move(entry)] { impl_->submit(entry); });
}
void Delivery::told(const std::string& id) {
  impl_->tell([this, id] { impl_->told(id); });
}
void Delivery::growing(Growing growing, std::vector<std::string> stores) {
  impl_->tell([this, growing = std::move(growing), stores = std::move(stores)] { impl_->growing(growing, stores); });
}
void Delivery::gone(const std::string& id) {
  impl_->tell([this, id] { impl_->gone(id); });
}
void Delivery::retry(const std::string& id) {
  impl_->tell([this, id] { impl_->retry(id); });
}
void Delivery::ask(std::function<void(const DeliveryState&)> answer) {
  impl_->tell([this, answer = std::move(answer)] { answer(impl_->state()); });
}

}  // namespace storage
