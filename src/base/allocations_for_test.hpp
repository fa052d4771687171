#pragma once
// For tests: counts what each thread allocates with new. To be included by one file of a test program that has nothing
// else in it: where gcc sees these functions' insides beside a use of them it takes them for a mismatch.

#include <cstdlib>
#include <new>

namespace {
thread_local long count = 0;
}

void* operator new(std::size_t size) {
  ++count;
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace base::testing {
long allocations();  // of this thread
long allocations() { return count; }
}  // namespace base::testing
