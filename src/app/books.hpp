#pragma once
// Tells the catalogue what record/ledger.hpp tells: facts of a recording into rows. Writer threads and the dispatcher's
// call it; it only posts to the keeper's thread.

#include <atomic>
#include <filesystem>
#include <set>

#include "catalogue/keeper.hpp"
#include "record/ledger.hpp"
#include "record/recovered.hpp"

namespace app {

class Books final : public record::Ledger {
 public:
  // `keeper` outlives this. `started`: of this process; rows that are older and still grow are a crash's.
  Books(catalogue::Keeper& keeper, catalogue::Instant started) : keeper_(keeper), started_(started) {}

  // Of all that were begun, ever, in this process.
  struct Stats {
    std::uint64_t begun = 0, completed = 0, failed = 0, interrupted = 0, stored = 0, attempts_failed = 0;
  };
  Stats stats() const;

  void began(const Began& event) override;
  void discarded(const std::string& id) override;
  void ended(const Ended& event) override;
  void delivery_failed(const std::string& id, const std::string& store, const std::string& error) override;
  void found(const storage::DeliveryEntry& entry) override;
  void delivered(const storage::DeliveryEntry& entry, std::function<void()> written) override;
  void removed(const std::string& id) override;
  void recovered_all(std::size_t undone) override;

 private:
  catalogue::Keeper& keeper_;
  const catalogue::Instant started_;
  std::set<std::string> remote_;  // stored elsewhere, and in the spool still; the dispatcher's
  std::atomic<std::uint64_t> begun_{0}, completed_{0}, failed_{0}, interrupted_{0}, stored_{0}, attempts_failed_{0};
};

// What a row tells whoever asks for its end.
record::Recovered recovered_of(const catalogue::Recording& row);

}  // namespace app
