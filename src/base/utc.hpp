#pragma once
// Points in time as people and protocols write them: RFC 3339 in UTC. Any thread.

#include <chrono>
#include <string>

namespace base {

// "2026-11-22T23:56:01.250Z" (also XEP-0082's DateTime).
std::string utc_text(std::chrono::system_clock::time_point time);

}  // namespace base
