#pragma once
// Time is passed in: nothing below app/ asks for it on its own where a test would want to decide it.

#include <chrono>

namespace base {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using std::chrono::milliseconds;

}  // namespace base
