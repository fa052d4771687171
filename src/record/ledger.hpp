#pragma once
// What is told of every recording, from its begin to its only end and on to what becomes of its files: for whoever
// keeps the books. Called on writer threads (began, discarded) and on the dispatcher's, which must not wait; in order
// for any one recording.

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "record/request.hpp"
#include "record/sidecar.hpp"
#include "storage/delivery_entry.hpp"

namespace record {

// How it begins: what writers tell.
class Beginnings {
 public:
  virtual ~Beginnings() = default;

  struct Began {
    std::string id;  // the stem of its files
    Request request;
    Settings settings;  // with all that hints and configuration say
    std::chrono::system_clock::time_point began;
    std::filesystem::path file;  // that grows
    bool is_late = false;        // it was recovered: there may have been a began() before the crash
  };
  virtual void began(const Began& event) = 0;
  // Nothing was recorded and nobody wanted it.
  virtual void discarded(const std::string& id) = 0;
};

class Ledger : public Beginnings {
 public:
  struct Ended {
    std::string id;
    Facts facts;
    Outcome outcome;                                // its uri: where it will be
    const storage::DeliveryEntry* entry = nullptr;  // none: there is no file
  };

  virtual void ended(const Ended& event) = 0;
  // A store did not take it; it is tried again.
  virtual void delivery_failed(const std::string& id, const std::string& store, const std::string& error) = 0;
  // Left by the process before this one and still to be delivered: ended() may have been lost with that.
  virtual void found(const storage::DeliveryEntry& entry) = 0;
  // After a crash perhaps once more; likewise. The spool keeps it until `written` is called, by any thread: then it is
  // in the books for good.
  virtual void delivered(const storage::DeliveryEntry& entry, std::function<void()> written) = 0;
  // The spool's copy is gone.
  virtual void removed(const std::string& id) = 0;
  // What a crash had left has had its end, but for `undone` that could not be done.
  virtual void recovered_all(std::size_t undone) = 0;
};

}  // namespace record
