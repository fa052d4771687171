#include "record/finisher.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <system_error>

namespace record {
namespace {

constexpr int kNiceness = 10;

}  // namespace

Finisher::Finisher(const storage::Spool& spool, std::function<void(Ready)> finished)
    : spool_(spool), finished_(std::move(finished)) {}

Finisher::~Finisher() { stop(); }

base::Result<void> Finisher::start() {
  if (!jobs_) return base::Error{base::Kind::no_resources, "start the finishing thread: no descriptor left"};
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    return base::Error{base::Kind::no_resources, std::string("start the finishing thread: ") + error.what()};
  }
  return {};
}

void Finisher::add(FinishingJob job) { jobs_.post(std::move(job)); }

void Finisher::stop(std::chrono::milliseconds at_most) {
  if (!thread_.joinable()) return;
  deadline_ = base::Clock::now() + at_most;
  stopping_ = true;
  jobs_.ring();
  thread_.join();
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
      finished_(finish(std::move(job), spool_, [this] { return base::Clock::now() > deadline_.load(); }));
    } else if (stopping) {
      return;
    } else {
      jobs_.wait(std::chrono::milliseconds(-1));
    }
  }
}

}  // namespace record
