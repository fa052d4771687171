#include "record/recovery.hpp"

#include <pthread.h>
#include <sys/resource.h>

#include "base/log.hpp"
#include "record/recover.hpp"

namespace record {
namespace {

constexpr int kNiceness = 10;
constexpr std::chrono::seconds kGivingUp{10};  // for the one that it is at

}  // namespace

Recovery::Recovery(FinishingPlaces places, std::function<void(const Recovered&)> recovered)
    : places_(places), recovered_(std::move(recovered)) {}

Recovery::~Recovery() { stop(); }

base::Result<void> Recovery::start() {
  auto found = survey(places_.spool);
  if (!found) return std::move(found.error());
  leftovers_ = std::move(*found);
  if (leftovers_.empty()) return {};
  base::log::warn("record", "{} recordings were left in the spool: they are put right", leftovers_.size());
  return thread_.start("recovering thread", [this] { run(); });
}

bool Recovery::stop() {
  ask_to_stop();
  return thread_.join(kGivingUp);
}

void Recovery::run() {
  pthread_setname_np(pthread_self(), "recovery");
  ::setpriority(PRIO_PROCESS, 0, kNiceness);  // on Linux: of this thread alone
  std::size_t done = 0;
  for (Leftover& leftover : leftovers_) {
    if (stopping_) break;
    const auto recovered = recover(leftover, places_, [this] { return stopping_.load(); });
    leftover.lock.reset();
    if (!recovered) {
      base::log::error("record", "{}: not recovered; it stays in the spool", leftover.stem);
      continue;
    }
    ++done;
    const Outcome& outcome = recovered->outcome;
    base::log::info("record", "{}: recovered: {} ms, {} bytes: {}", leftover.stem, outcome.duration.count(),
                    outcome.size, outcome.uri.empty() ? "nothing was recorded yet" : outcome.uri);
    recovered_(*recovered);
  }
  base::log::info("record", "{} of {} recordings recovered", done, leftovers_.size());
}

}  // namespace record
