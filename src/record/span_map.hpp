#pragma once
// The map of a recording: where it is anything else than plain received audio. Consecutive spans of one kind are one.
// In samples (a channel) of one rate, which may be changed. Owned by one thread.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "record/kind.hpp"

namespace record {

struct Span {
  Kind kind = Kind::silent;
  std::uint64_t at = 0;       // in the file
  std::uint64_t length = 0;   // in the file
  std::uint64_t skipped = 0;  // passed and not in the file
  bool operator==(const Span&) const = default;
};

class SpanMap {
 public:
  explicit SpanMap(std::uint32_t rate = 8000) : rate_(rate) {}
  // One that was written down. Nothing where it contradicts itself.
  static std::optional<SpanMap> restored(std::uint32_t rate, std::uint64_t samples, std::vector<Span> spans,
                                         std::vector<Span> skips, bool is_complete);

  std::uint32_t rate() const { return rate_; }
  std::uint64_t samples() const { return samples_; }  // in the file so far
  std::span<const Span> spans() const { return spans_; }
  // Those with `skipped`, all of them: where time passed that is not in the file.
  std::span<const Span> skips() const { return skips_; }
  // False if there were too many to remember: those after the last are missing.
  bool is_complete() const { return complete_; }

  void add(Kind kind, std::uint64_t samples);
  void skip(Kind kind, std::uint64_t samples);
  // The last `samples` that were added as silent are of another kind.
  void relabel(Kind kind, std::uint64_t samples);
  // Goes on with so many samples of another map, of the same rate, from that one's sample `from` on; not with its
  // skips.
  void append(const SpanMap& other, std::uint64_t from, std::uint64_t samples);
  // Counts everything anew.
  void change_rate(std::uint32_t rate);
  // The file has only so many samples.
  void cut(std::uint64_t samples);
  // The file has so many samples, and what those behind the end of the map are is not known.
  void extend_unknown(std::uint64_t samples);

  static constexpr std::size_t kMost = 1U << 16U;  // spans: 2 MB

 private:
  bool remember(const Span& span);
  void merge(std::size_t from);

  std::uint32_t rate_;
  std::uint64_t samples_ = 0;
  std::vector<Span> spans_;
  std::vector<Span> skips_;
  bool complete_ = true;
};

}  // namespace record
