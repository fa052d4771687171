#include "base/allocations_for_test.hpp"
