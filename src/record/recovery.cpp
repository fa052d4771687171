#include "record/recovery.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <system_error>

#include "base/log.hpp"
#include "record/recover.hpp"

namespace record {
namespace {

constexpr int kNiceness = 10;

}  // namespace

Recovery::Recovery(FinishingPlaces places, std::function<void(const Recovered&)> recovered, Over over)
    : places_(places), recovered_(std::move(recovered)), over_(std::move(over)) {}

Recovery::~Recovery() { stop(); }

base::Result<void> Recovery::start() {
  auto found = survey(places_.spool);
  if (!found) return std::move(found.error());
  leftovers_ = std::move(*found);
  if (leftovers_.empty()) {
    over_({});
    return {};
  }
  base::log::warn("record", "{} recordings were left in the spool: they are put right", leftovers_.size());
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    return base::Error{base::Kind::no_resources, std::string("start the recovering thread: ") + error.what()};
  }
  return {};
}

void Recovery::stop() {
  ask_to_stop();
  if (thread_.joinable()) thread_.join();
}

void Recovery::run() {
  pthread_setname_np(pthread_self(), "recovery");
  ::setpriority(PRIO_PROCESS, 0, kNiceness);  // on Linux: of this thread alone
  std::size_t done = 0;
  std::vector<std::string> kept;
  for (Leftover& leftover : leftovers_) {
    if (stopping_) return;
    const auto recovered = recover(leftover, places_, [this] { return stopping_.load(); });
    leftover.lock.reset();
    if (!recovered) {
      base::log::error("record", "{}: not recovered; it stays in the spool", leftover.stem);
      kept.push_back(leftover.story.request.component_id);
      continue;
    }
    ++done;
    const Outcome& outcome = recovered->outcome;
    base::log::info("record", "{}: recovered: {} ms, {} bytes: {}", leftover.stem, outcome.duration.count(),
                    outcome.size, outcome.uri.empty() ? "nothing was recorded yet" : outcome.uri);
    recovered_(*recovered);
  }
  base::log::info("record", "{} of {} recordings recovered", done, leftovers_.size());
  if (!stopping_) over_(kept);
}

}  // namespace record
