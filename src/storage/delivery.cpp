#include "storage/delivery.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <pthread.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>

#include "base/inbox.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
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

  void start() {
    thread_ = std::thread([this] { run(); });
  }
  void give(Job job) { inbox_.post(std::move(job)); }
  void stop() {
    stopping_ = true;
    inbox_.ring();
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    pthread_setname_np(pthread_self(), "delivery");
    while (!stopping_) {
      inbox_.wait(std::chrono::milliseconds(-1));
      inbox_.drain([this](Job&& job) { done_(deliver(job)); });
    }
  }

  Done deliver(const Job& job) {
    const std::string& id = job.item.about.id;
    if (auto good = check(job.item); !good) return {number_, id, job.store, std::move(good.error()), true};
    auto& store = stores_[job.store];
    if (store == nullptr) {
      const auto settings = settings_.find(job.store);
      if (settings == settings_.end()) {
        return {number_, id, job.store, base::Error{base::Kind::not_found, "no store of this name is configured"}};
      }
      auto opened = open_store(settings->second);
      if (!opened) return {number_, id, job.store, std::move(opened.error())};
      store = std::move(*opened);
    }
    return {number_, id, job.store, store->store(job.item, stopping_)};
  }

  const std::size_t number_;
  const std::map<std::string, Settings>& settings_;
  const std::function<void(Done)> done_;
  std::map<std::string, std::unique_ptr<Store>> stores_;
  base::Inbox<Job> inbox_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace

class Delivery::Impl {
 public:
  Impl(std::filesystem::path spool, DeliverySettings settings, Events events)
      : settings_(std::move(settings)),
        events_(std::move(events)),
        journal_(std::move(spool)),
        queue_(settings_.queue, journal_, random_share) {}
  ~Impl() { stop(); }

  Result<void> start() {
    for (const auto& [name, settings] : settings_.stores) {
      if (auto opened = open_store(settings); !opened) return std::move(opened.error()).in("store '" + name + "'");
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
    try {
      for (std::size_t i = 0; i < count; ++i) {
        uploaders_.push_back(std::make_unique<Uploader>(i, settings_.stores, [this](Done done) {
          auto shared = std::make_shared<Done>(std::move(done));  // a std::function is copied
          tell([this, shared] { take_result(*shared); });
        }));
        idle_.push_back(i);
        uploaders_.back()->start();
      }
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& error) {
      return base::Error{base::Kind::no_resources, std::string("start the delivery threads: ") + error.what()};
    }
    return {};
  }

  void stop() {
    giving_up_ = true;
    for (auto& uploader : uploaders_) uploader->stop();
    for (auto& uploader : uploaders_) uploader->join();
    stopping_ = true;
    inbox_.ring();
    if (thread_.joinable()) thread_.join();
    uploaders_.clear();
  }

  void tell(std::function<void()> action) { inbox_.post(std::move(action)); }

  void submit(const DeliveryEntry& entry) {
    if (auto added = queue_.add(entry, now()); !added) {
      base::log::error("delivery", "{}: {}", entry.id(), added.error().text);
      if (events_.unwritten) events_.unwritten(entry.id(), added.error());
    } else if (events_.accepted) {
      events_.accepted(entry.id());
    }
  }
  void told(const std::string& id) { queue_.told(id); }
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
        const std::size_t uploader = idle_.back();
        idle_.pop_back();
        uploaders_[uploader]->give(std::move(*job));
      }
    }
  }

  // Milliseconds until there is something to do. The clock may be set: nothing is slept through for longer than a
  // minute.
  int patience() const {
    constexpr std::int64_t kLongest = 60'000;
    if (idle_.empty()) return kLongest;
    const auto due = queue_.next_due();
    if (!due) return kLongest;
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(*due - now()).count() + 1;
    // Something that is due and could not be done (a file that cannot be removed): not in a loop.
    return static_cast<int>(std::clamp<std::int64_t>(wait, kShortest, kLongest));
  }

  void take_result(const Done& done) {
    idle_.push_back(done.uploader);
    if (done.result) {
      if (const auto stored = queue_.succeeded(done.id, *done.result, now()); !stored) {
        base::log::error("delivery", "{}: {}", done.id, stored.error().text);
      } else if (events_.stored) {
        events_.stored(*stored);
      }
      return;
    }
    const std::string& error = done.result.error().text;
    if (giving_up_) return queue_.abandoned(done.id, now());
    base::log::warn("delivery", "{}: {}: {}", done.id, done.store, error);
    if (done.is_spoiled) {
      queue_.spoiled(done.id, error);
    } else {
      queue_.failed(done.id, error, now());
    }
    if (events_.failed) events_.failed(done.id, done.store, error);
  }

  static constexpr std::int64_t kShortest = 20;

  const DeliverySettings settings_;
  const Events events_;
  DeliveryJournal journal_;
  DeliveryQueue queue_;
  base::Inbox<std::function<void()>> inbox_;
  std::vector<std::unique_ptr<Uploader>> uploaders_;
  std::vector<std::size_t> idle_;
  std::vector<DeliveryEntry> announced_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> giving_up_{false};  // uploads that fail now do so because of it
  std::thread thread_;
};

Delivery::Delivery(std::filesystem::path spool, DeliverySettings settings, Events events)
    : impl_(std::make_unique<Impl>(std::move(spool), std::move(settings), std::move(events))) {}
Delivery::~Delivery() = default;

Result<void> Delivery::start() { return impl_->start(); }
void Delivery::stop() { impl_->stop(); }
void Delivery::submit(DeliveryEntry entry) {
  impl_->tell([this, entry = std::move(entry)] { impl_->submit(entry); });
}
void Delivery::told(const std::string& id) {
  impl_->tell([this, id] { impl_->told(id); });
}
void Delivery::retry(const std::string& id) {
  impl_->tell([this, id] { impl_->retry(id); });
}
void Delivery::ask(std::function<void(const DeliveryState&)> answer) {
  impl_->tell([this, answer = std::move(answer)] { answer(impl_->state()); });
}

}  // namespace storage
