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

Recovery::Recovery(const storage::Spool& spool, Ledger* ledger, Answers answers)
    : spool_(spool), ledger_(ledger), answers_(std::move(answers)) {}

Recovery::~Recovery() { stop(); }

base::Result<void> Recovery::start() {
  auto found = survey(spool_);
  if (!found) return std::move(found.error());
  leftovers_ = std::move(*found);
  if (leftovers_.empty()) {
    answers_.over({});
    return {};
  }
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
  std::vector<std::string> kept;
  for (Leftover& leftover : leftovers_) {
    if (stopping_) return;
    const std::string stem = leftover.stem;
    auto ready = recover(leftover, spool_, [this] { return stopping_.load(); });
    if (!ready) {
      base::log::error("record", "{}: not recovered; it stays in the spool", stem);
      kept.push_back(leftover.story.request.component_id);
      continue;
    }
    ++done;
    base::log::info("record", "{}: recovered: {} ms, {}", stem, duration_of(ready->facts).count(),
                    ready->files.empty() ? "nothing was recorded yet" : ready->files.front().name);
    if (ledger_ != nullptr) {
      const std::filesystem::path file =
          ready->files.empty() ? std::filesystem::path() : ready->files.front().file.path;
      ledger_->began({ready->stem, ready->request, ready->request.settings, ready->facts.tags.began, file, true});
    }
    answers_.recovered(std::move(*ready));
  }
  base::log::info("record", "{} of {} recordings recovered", done, leftovers_.size());
  if (!stopping_) answers_.over(kept);
}

}  // namespace record
