#pragma once
// A recording that was found again after a crash. A value.

#include <string>

#include "record/settings.hpp"

namespace record {

struct Recovered {
  std::string call_id, component_id, client;  // as in the Request that it was opened with; empty: not known any more
  Outcome outcome;                            // EndReason::interrupted, or how it had ended before the crash
};

}  // namespace record
