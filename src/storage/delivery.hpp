#pragma once
// Delivers what is in the spool: one thread that decides (the queue, the journal) and a few that upload. The control
// thread's side of it; its public functions are called on any one thread.
//
//   submit ─▶ mailbox ─▶ [decider] queue ─ job ─▶ [uploader n] store ─ result ─▶ [decider] ─▶ stored(entry)
//
// Only the decider and the uploaders wait for disk and network.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "storage/delivery_queue.hpp"
#include "storage/growth.hpp"

namespace storage {

struct DeliverySettings {
  DeliveryOptions queue;
  GrowthOptions growth;
  std::map<std::string, Settings> stores;  // by name
};

// What can be asked for at any time.
struct DeliveryState {
  std::map<std::string, StoreState> stores;
  std::size_t waiting = 0, busy = 0;
};

class Delivery {
 public:
  struct Events {
    // Left by a process before this one: called within start().
    std::function<void(const DeliveryEntry&)> found = {};
    // It is on disk: from now on a crash changes nothing.
    std::function<void(const std::string& id)> accepted = {};
    // Once a recording: it is stored and that is on disk. After a crash perhaps once more, for the same id.
    std::function<void(const DeliveryEntry&)> stored = {};
    // An attempt failed; it will be tried again.
    std::function<void(const std::string& id, const std::string& store, const std::string& error)> failed = {};
    // The disk had no room for the entry. It is delivered all the same, and accepted once there is room.
    std::function<void(const std::string& id, const base::Error& error)> unwritten = {};
    std::function<void(const std::string& id)> removed = {};  // the local copy
  };

  // Events are called on the decider's thread.
  Delivery(std::filesystem::path spool, DeliverySettings settings, Events events);
  ~Delivery();  // stop()

  // Opens every store once, so that wrong settings are told at start; locks the spool; takes up what is in it.
  base::Result<void> start();
  // Gives up what is under way; it is taken up at the next start. False where a thread hangs on a disk: then all of
  // this has to stay.
  bool stop();

  // Any thread. The pieces are whole and synced; they may still be called <name>.part.
  void submit(DeliveryEntry entry);
  // Any thread. Whoever waited for it knows: that outlives this process.
  void told(const std::string& id);
  // Any thread. A recording that is being made and will be submitted under the same id, with this piece as its first:
  // what of it is final goes to the first of `stores` already, where that one can take it (Store::portion()). Its
  // piece's size is looked up. Nothing else is to be told while it grows.
  void growing(Growing growing, std::vector<std::string> stores);
  // Any thread. That recording will not be submitted, and its file is gone: what was uploaded of it is aborted.
  void gone(const std::string& id);
  // Any thread. Everything, or one recording, is tried now.
  void retry(const std::string& id = {});
  // Any thread; `answer` is called on the decider's.
  void ask(std::function<void(const DeliveryState&)> answer);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace storage
