#pragma once
// Values of hints that several formats understand alike; an error names the hint (bad_request). Pure functions.

#include "base/result.hpp"
#include "record/settings.hpp"

namespace record {

// Only digits, and within the bounds.
base::Result<int> whole_number(const Hint& hint, int lowest, int highest);
// "true" or "false", also "1" or "0" (XML Schema's boolean).
base::Result<bool> boolean(const Hint& hint);

}  // namespace record
