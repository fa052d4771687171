#pragma once
// Hands messages from any number of threads to one. Posting takes no lock and never blocks, but allocates a node, so it
// is for commands and events, not for audio (Ring is).
//
//   any thread: post(message)          owning thread: drain([](T&& message) { ... })   in the order of posting
//
// `wake` is called by post() when the mailbox was empty, on the posting thread: it must make the owner call drain()
// soon, and must be callable from any thread. Without it the owner polls.

#include <atomic>
#include <functional>
#include <utility>

namespace base {

template <class T>
class Mailbox {
 public:
  explicit Mailbox(std::function<void()> wake = {}) : wake_(std::move(wake)) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox() {
    drain([](T&&) {});
  }

  void post(T message) {
    auto* node = new Node{std::move(message), nullptr};
    Node* before = head_.load(std::memory_order_relaxed);
    do {
      node->next = before;
    } while (!head_.compare_exchange_weak(before, node, std::memory_order_acq_rel, std::memory_order_relaxed));
    // The owner may have taken and freed `node` by now; `before` is only compared.
    if (before == nullptr && wake_) wake_();
  }

  // Owning thread. Handles every message that is there now; returns how many.
  template <class Handle>
  std::size_t drain(Handle&& handle) {
    Node* newest = head_.exchange(nullptr, std::memory_order_acq_rel);
    Node* oldest = nullptr;
    while (newest != nullptr) {
      Node* next = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = next;
    }
    std::size_t handled = 0;
    while (oldest != nullptr) {
      Node* next = oldest->next;
      handle(std::move(oldest->message));
      delete oldest;
      oldest = next;
      ++handled;
    }
    return handled;
  }

  bool empty() const { return head_.load(std::memory_order_acquire) == nullptr; }

 private:
  struct Node {
    T message;
    Node* next;
  };

  std::function<void()> wake_;
  std::atomic<Node*> head_{nullptr};
};

}  // namespace base
