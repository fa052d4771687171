#pragma once
// The thread that keeps the catalogue for the server. Whoever has something to say posts it and goes on at once; the
// thread writes what has come as one transaction, signs, and sleeps. A disk that is full or stalls delays the catalogue
// and nothing else: what was posted waits in memory, in order, and is tried again every second.
//
//   control, writers ── post(Change) ─▶ mailbox ─▶ [keeper] one transaction ─▶ manifest ─▶ sleep

#include <atomic>
#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <variant>

#include "base/fd.hpp"
#include "base/mailbox.hpp"
#include "catalogue/catalogue.hpp"
#include "catalogue/deletion.hpp"
#include "catalogue/manifest.hpp"

namespace catalogue {

struct KeeperOptions {
  std::filesystem::path file{};            // of the catalogue; manifest and key lie beside it, see places_of()
  std::vector<RetentionRule> retention{};  // none: nothing is deleted
  std::chrono::milliseconds sweep_interval{60 * 60 * 1000};  // how often retention is looked at
  Remove remove = remove_local_files;                        // called on the thread, which may wait in it
  std::chrono::milliseconds busy{500};  // so long another process is waited for before it is tried again
  // Somebody has asked by `recordings retry`: tell whoever delivers. Looked at every few seconds.
  std::function<void(const std::string& id)> retry = {};
  std::function<Instant()> now = [] {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  };
};

struct Places {
  std::filesystem::path catalogue, manifest, key, public_key;
};
// <stem>.sqlite, <stem>.manifest, <stem>.key (mode 0600), <stem>.key.pub, all in one folder.
Places places_of(const std::filesystem::path& catalogue);

class Keeper {
 public:
  // It is recovered: there may be a row of it.
  struct LateBegun {
    Begun begun;
  };
  struct End {
    std::string id;
    Ended ended;
    bool is_late = false;  // it is recovered: it may be in its row already
  };
  // Rows of before that time that still say they grow: of those nothing was found.
  struct Orphans {
    Instant before;
    std::string error;
  };
  // Called on the thread once all that was posted before it is on the disk.
  struct Call {
    std::function<void()> action;
  };
  struct Try {
    std::string id;
    Attempt attempt;
  };
  struct Moved {
    std::string id, file;
  };
  struct Hold {
    std::string id;
    std::optional<std::string> why;
  };
  using Change = std::variant<Begun, LateBegun, End, Try, Moved, Hold, Orphans, Call>;

  struct Stats {
    std::uint64_t written = 0;   // changes
    std::uint64_t refused = 0;   // changes that contradict what is known; logged
    std::uint64_t failures = 0;  // of the disk; tried again
    std::uint64_t signed_lines = 0;
    std::uint64_t deleted = 0;
    std::uint64_t waiting = 0;  // changes that are in memory only
  };

  explicit Keeper(KeeperOptions options);
  ~Keeper();  // stop()

  // Opens the catalogue, makes the key at the first start, signs what a crash left unsigned. Blocks. A catalogue that
  // is locked, or a disk that is full or fails, is no error: it is tried again every second, and what is posted waits.
  base::Result<void> start();
  // Any thread; never waits.
  void post(Change change);
  // Writes what has come, once, and ends the thread. What cannot be written is logged in full: it is lost otherwise.
  void stop();
  // Any thread.
  Stats stats() const;

  // For tests, without start(): the thread's work, by hand.
  base::Result<void> open();
  void turn(Instant now);

 private:
  void run();
  void wait(std::chrono::milliseconds at_most);
  bool write_waiting();
  base::Result<void> apply(const Change& change);
  base::Result<void> end_orphans(const Orphans& orphans);
  bool is_open();
  bool sign_rest(Instant now);
  void sign(Instant now);
  void sweep_if_due(Instant now);
  void look_for_deletions(Instant now);
  void pass_on_retries();

  const KeeperOptions options_;
  base::Fd wake_;  // an eventfd
  std::atomic<bool> stopping_{false};
  base::Mailbox<Change> mailbox_;
  std::thread thread_;

  // The thread's own.
  std::optional<Catalogue> catalogue_;
  std::unique_ptr<Manifest> manifest_;
  std::deque<Change> waiting_;
  std::set<std::string> unsigned_;  // what this process ended or deleted, and has not signed yet
  bool has_rest_ = true;            // of a process before it something may be unsigned
  bool look_back_ = true;
  std::optional<Instant> next_sweep_;
  Instant last_sweep_{};
  std::int64_t seen_version_ = 0;  // of what other processes have written

  std::atomic<std::uint64_t> written_{0}, refused_{0}, failures_{0}, signed_lines_{0}, deleted_{0}, posted_{0};
};

}  // namespace catalogue
