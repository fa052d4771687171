#include "record/finisher.hpp"

#include <pthread.h>
#include <sys/resource.h>

namespace record {
namespace {

constexpr int kNiceness = 10;
constexpr std::chrono::seconds kGivingUp{5};  // for a job, once it is too late

}  // namespace

Finisher::Finisher(const storage::Spool& spool, std::function<void(Ready)> finished)
    : spool_(spool), finished_(std::move(finished)) {}

Finisher::~Finisher() { stop(); }

base::Result<void> Finisher::start() {
  if (!jobs_) return base::Error{base::Kind::no_resources, "start the finishing thread: no descriptor left"};
  return thread_.start("finishing thread", [this] { run(); });
}

void Finisher::add(FinishingJob job) { jobs_.post(std::move(job)); }

bool Finisher::stop(std::chrono::milliseconds at_most) {
  if (!thread_.is_started()) return true;
  deadline_ = base::Clock::now() + at_most;
  stopping_ = true;
  jobs_.ring();
  return thread_.join(at_most + kGivingUp);
}

void Finisher::run() {
  pthread_setname_np(pthread_self(), "finisher");
  ::setpriority(PRIO_PROCESS, 0, kNiceness);  // on Linux: of this thread alone
  std::deque<FinishingJob> jobs;
  for (;;) {
    const bool stopping = stopping_;  // read first: what was added before stop() is seen below
    jobs_.drain([&](FinishingJob&& job) { jobs.push_back(std::move(job)); });
    if (!jobs.empty()) {
      FinishingJob job = std::move(jobs.front());
      jobs.pop_front();
      pulse_.beat(base::Clock::now());
      finished_(finish(std::move(job), spool_, [this] {
        const base::Time now = base::Clock::now();
        pulse_.beat(now);
        return now > deadline_.load();
      }));
    } else if (stopping) {
      return;
    } else {
      pulse_.rest();
      jobs_.wait(std::chrono::milliseconds(-1));
    }
  }
}

}  // namespace record
