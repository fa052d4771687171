// The jitter buffer against a model of it: an ordered map and two sets.
#include <map>
#include <set>

#include "rtp/jitter_buffer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rtp::JitterBuffer buffer;
  std::map<std::int64_t, std::uint8_t> stored;
  std::set<std::int64_t> popped;
  std::int64_t sequence = 1 << 20;
  for (std::size_t i = 0; i + 1 < size; i += 2) {
    const std::uint8_t what = data[i], value = data[i + 1];
    if (what < 64) {
      const auto* item = buffer.front();
      if ((item == nullptr) != stored.empty()) __builtin_trap();
      if (item == nullptr) continue;
      if (item->sequence != stored.begin()->first) __builtin_trap();
      if (item->payload.size() != 1 || item->payload[0] != stored.begin()->second) __builtin_trap();
      popped.insert(item->sequence);
      stored.erase(stored.begin());
      buffer.pop();
      if (buffer.next() != *popped.rbegin() + 1) __builtin_trap();
      continue;
    }
    // Mostly near steps, sometimes far ones.
    sequence += what < 240 ? static_cast<std::int8_t>(value) / 8 : static_cast<std::int8_t>(value) * 50;
    const std::uint8_t payload = value;
    const auto verdict = buffer.insert({.sequence = sequence, .payload = {&payload, 1}});
    const bool known = stored.count(sequence) > 0 || popped.count(sequence) > 0;
    switch (verdict) {
      case rtp::JitterBuffer::Verdict::stored:
        if (known) __builtin_trap();
        if (!popped.empty() && sequence < *popped.rbegin()) __builtin_trap();
        stored[sequence] = payload;
        while (stored.begin()->first <= sequence - static_cast<std::int64_t>(rtp::JitterBuffer::kSlots)) {
          stored.erase(stored.begin());
        }
        break;
      case rtp::JitterBuffer::Verdict::duplicate:
        if (!known) __builtin_trap();
        break;
      case rtp::JitterBuffer::Verdict::late:
        if (stored.count(sequence) > 0) __builtin_trap();
        break;
      case rtp::JitterBuffer::Verdict::too_long:
        __builtin_trap();
    }
    if (buffer.size() != stored.size()) __builtin_trap();
  }
  return 0;
}
