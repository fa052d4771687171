#pragma once
// For tests and the fuzzer: the file that changes make, in memory.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "seal/unsealer.hpp"

namespace seal {

struct Replica {
  std::vector<std::uint8_t> bytes;

  base::Result<void> apply(const Change& change) {
    const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(change.offset);
    if (change.operation == Operation::append) bytes.insert(bytes.end(), change.bytes.begin(), change.bytes.end());
    if (change.operation == Operation::rewrite) std::copy(change.bytes.begin(), change.bytes.end(), at);
    if (change.operation == Operation::truncate) bytes.resize(change.offset);
    return {};
  }
};

}  // namespace seal
