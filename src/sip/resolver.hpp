#pragma once
// Looks up host names for requests of ours without stopping the signalling thread (RFC 3263). Each lookup runs
// getaddrinfo(), which honours /etc/hosts and nsswitch.conf, on a short-lived thread of its own; the answer comes back
// through a mailbox. Owned by the signalling thread.

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/inbox.hpp"
#include "sip/next_hop.hpp"

namespace sip {

class Resolver {
 public:
  struct Answer {
    std::uint64_t ticket = 0;
    std::vector<Source> hops;  // in the order in which they are to be tried; empty: `status` and `reason` say why
    int status = 0;            // 404: no such name, 503: the name service did not answer
    std::string reason;
  };

  Resolver();
  // Answers to what is still being looked up are lost: a lookup cannot be interrupted.
  ~Resolver() = default;

  // `ticket` comes back in the answer.
  void look_up(std::uint64_t ticket, const Target& target);
  // Readable when drain() has something to do.
  int wake() const { return answers_->fd(); }
  template <class Handle>
  void drain(Handle&& handle) {
    std::deque<Answer> answers;
    answers_->drain([&](Answer&& answer) { answers.push_back(std::move(answer)); });
    running_ -= answers.size();
    while (!waiting_.empty() && start(waiting_.front())) waiting_.pop_front();
    for (auto& answer : answers) handle(std::move(answer));
  }

 private:
  struct Question {
    std::uint64_t ticket;
    Target target;
  };

  bool start(const Question& question);

  // Outlives the resolver as long as a lookup is on its way, hence shared.
  std::shared_ptr<base::Inbox<Answer>> answers_;
  std::size_t running_ = 0;
  std::deque<Question> waiting_;
};

}  // namespace sip
