#pragma once
// The last step of every recording: its files are described (sidecar), summed (SHA-256) and given to the delivery
// queue; whoever waits is told how it ended and where it is. A thread of its own, which may wait for the disk.
//
//   writer, finisher, recovery ─ take(Ready) ─▶ sidecar, checksums ─ submit ─▶ Delivery ─ stored(uri) ─▶ told
//                                                                       │                 timeout ─────▶ told
//                                                   journal and parts go ┘ once the entry is on disk
//
// From the entry on a crash changes nothing: the next start delivers, and tells whoever has not been told. Where the
// disk does not take the entry, journal and parts stay, and after a crash the recording is recovered from those; who
// waits for one that has ended with an error, of that disk most likely, is told soon.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/clock.hpp"
#include "base/inbox.hpp"
#include "base/thread.hpp"
#include "record/ledger.hpp"
#include "record/pulse.hpp"
#include "record/ready.hpp"
#include "storage/delivery.hpp"
#include "storage/routing.hpp"

namespace record {

struct DispatchOptions {
  storage::DeliverySettings delivery;  // without stores: one called "local", files below the recording directory
  std::vector<storage::Rule> rules{};  // which recording goes where
  std::vector<std::string> stores{};   // what no rule fits; empty: "local"
  bool is_told_when_stored = true;     // else as soon as it is certain
  std::chrono::milliseconds store_timeout{30'000};  // so long it is waited for
};

class Dispatcher final : public Beginnings {
 public:
  // Called on the dispatcher's thread.
  struct Answers {
    std::function<void(RecordingId, Outcome)> finished;
    std::function<void(const Recovered&)> recovered;
    // Of those before the start all are told, but for `kept` (component ids): they are still to come.
    std::function<void(const std::vector<std::string>& kept)> recovery_over = {};
  };

  // `directory`: absolute, for the store "local". `ledger`: none, or outlives this.
  Dispatcher(DispatchOptions options, const storage::Spool& spool, const std::filesystem::path& directory,
             Ledger* ledger, Answers answers);
  ~Dispatcher() override;  // stop()

  // Takes up what a process before this one has not delivered.
  base::Result<void> start();
  // Any thread. Told to the ledger; and to stores that take what is still growing.
  void began(const Began& event) override;
  void discarded(const std::string& id) override;
  // Any thread.
  void take(Ready ready);
  // Any thread: what recovery has given to this is all that a crash had left, but for `kept` (component ids).
  void recovery_over(std::vector<std::string> kept);
  // Any thread.
  bool is_overdue(base::Time now, std::chrono::milliseconds patience) const { return pulse_.is_overdue(now, patience); }
  // Any thread: nobody is to be kept waiting for a store that is away.
  void hurry();
  // Once nothing is given to it any more: waits for what is being stored, a few seconds; the rest is told where it will
  // be. False where a thread hangs on a disk: then all of this has to stay.
  bool stop();

  storage::Delivery& delivery() { return delivery_; }
  // Any thread: those that such a recording goes to.
  const std::vector<std::string>& stores_for(const Request& request, const std::string& format) const;

 private:
  struct Hurry {};
  struct Stop {};
  struct RecoveryOver {
    std::vector<std::string> kept;
  };
  struct Found {
    storage::DeliveryEntry entry;
  };
  struct Stored {
    storage::DeliveryEntry entry;
  };
  struct Accepted {
    std::string id;
  };
  struct Unwritten {
    std::string id;
  };
  struct Failed {
    std::string id, store, error;
  };
  struct Removed {
    std::string id;
  };
  using Message = std::variant<Ready, Hurry, Stop, RecoveryOver, Found, Stored, Accepted, Unwritten, Failed, Removed>;

  // Who waits for it.
  struct Waiting {
    RecordingId id = 0;
    Recovered recovered;  // with the outcome
    base::Time deadline{};
    std::string uri;  // where it will be
  };

  storage::Delivery::Events events();
  void run();
  std::chrono::milliseconds patience() const;
  void obey(Message&& message);
  void dispatch(Ready& ready);
  base::Result<storage::DeliveryEntry> entry_of(const Ready& ready);
  void add_sidecar(const Ready& ready, storage::Item& item);
  void wait_for(const storage::DeliveryEntry& entry, Waiting waiting);
  void tell(const std::string& id, const std::string& uri);
  void tell_early(const std::string& id);
  void answer(Waiting& waiting);
  std::string expected_uri(const storage::DeliveryEntry& entry);

  const DispatchOptions options_;
  const storage::Spool& spool_;
  const storage::Routing routing_;
  Ledger* const ledger_;
  const Answers answers_;
  base::Inbox<Message> messages_;
  storage::Delivery delivery_;
  Pulse pulse_;
  base::Thread thread_;

  // The thread's own.
  std::map<std::string, Waiting> waiting_;
  std::map<std::string, std::unique_ptr<storage::Store>> stores_;  // never stored to: they know their uris
  bool is_hurried_ = false;
  bool stopping_ = false;
};

}  // namespace record
