#pragma once
// What the signalling thread counts and any thread may read.

#include <atomic>
#include <cstdint>

namespace sip {

struct Counters {
  std::atomic<std::uint64_t> last_dialog{0};  // DialogIds are handed out in order, by both threads
  std::atomic<std::uint64_t> invites{0}, refused_busy{0}, malformed{0}, dialogs{0};
};

}  // namespace sip
