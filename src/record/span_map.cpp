#include "record/span_map.hpp"

#include <algorithm>

namespace record {
namespace {

// In the file the second one goes on where the first one ends, as the same.
bool is_one(const Span& first, const Span& second) {
  return first.kind == second.kind && first.at + first.length == second.at &&
         ((first.skipped == 0 && second.skipped == 0) || (first.length == 0 && second.length == 0));
}

// In order, without overlaps, within the file; no sum of them is more than 64 bits hold.
bool are_consistent(std::span<const Span> spans, std::uint64_t samples) {
  constexpr std::uint64_t kMostSkipped = std::uint64_t{1} << 48U;
  std::uint64_t end = 0;
  for (const Span& span : spans) {
    if (span.at < end || span.at > samples || span.length > samples - span.at || span.skipped > kMostSkipped)
      return false;
    end = span.at + span.length;
  }
  return true;
}

}  // namespace

std::optional<SpanMap> SpanMap::restored(std::uint32_t rate, std::uint64_t samples, std::vector<Span> spans,
                                         std::vector<Span> skips, bool is_complete) {
  constexpr std::uint64_t kMostSamples = std::uint64_t{1} << 40U;  // what is computed of them fits into 64 bits
  constexpr std::uint32_t kMostRate = 1000000;
  if (rate == 0 || rate > kMostRate || samples > kMostSamples || spans.size() > kMost) return std::nullopt;
  if (!are_consistent(spans, samples) || !are_consistent(skips, samples)) return std::nullopt;
  SpanMap map(rate);
  map.samples_ = samples;
  map.spans_ = std::move(spans);
  map.skips_ = std::move(skips);
  map.complete_ = is_complete;
  return map;
}

bool SpanMap::remember(const Span& span) {
  if (!spans_.empty() && is_one(spans_.back(), span)) {
    spans_.back().length += span.length;
    spans_.back().skipped += span.skipped;
    return true;
  }
  if (spans_.size() >= kMost) complete_ = false;
  if (complete_) spans_.push_back(span);
  return complete_;
}

void SpanMap::add(Kind kind, std::uint64_t samples) {
  if (samples == 0) return;
  if (kind != Kind::received) remember({kind, samples_, samples, 0});
  samples_ += samples;
}

void SpanMap::skip(Kind kind, std::uint64_t samples) {
  if (samples == 0) return;
  const Span span{kind, samples_, 0, samples};
  skips_.push_back(span);
  remember(span);
}

void SpanMap::append(const SpanMap& other, std::uint64_t from, std::uint64_t samples) {
  const std::uint64_t begin = samples_;
  // The first that ends behind `from`: spans do not overlap.
  auto next = std::partition_point(other.spans_.begin(), other.spans_.end(),
                                   [&](const Span& span) { return span.at + span.length <= from; });
  for (; next != other.spans_.end() && next->at < from + samples; ++next) {
    if (next->length == 0) continue;
    const std::uint64_t first = std::max(next->at, from);
    const std::uint64_t last = std::min(next->at + next->length, from + samples);
    remember({next->kind, begin + first - from, last - first, 0});
  }
  samples_ += samples;
  complete_ = complete_ && other.complete_;
}

void SpanMap::relabel(Kind kind, std::uint64_t samples) {
  if (!complete_) return;  // which ones they were is not known any more
  std::size_t index = spans_.size();
  while (samples > 0 && index > 0) {
    Span& span = spans_[--index];
    if (span.kind != Kind::silent) continue;
    const std::uint64_t count = std::min(samples, span.length);
    samples -= count;
    if (count == span.length) {
      span.kind = kind;
      continue;
    }
    const Span changed{kind, span.at + span.length - count, count, 0};
    span.length -= count;
    spans_.insert(spans_.begin() + static_cast<std::ptrdiff_t>(index) + 1, changed);
  }
  merge(index);
}

// Neighbours from the one before `from` on.
void SpanMap::merge(std::size_t from) {
  std::size_t last = from > 0 ? from - 1 : 0;
  for (std::size_t next = last + 1; next < spans_.size(); ++next) {
    if (is_one(spans_[last], spans_[next])) {
      spans_[last].length += spans_[next].length;
      spans_[last].skipped += spans_[next].skipped;
    } else {
      spans_[++last] = spans_[next];
    }
  }
  if (!spans_.empty()) spans_.resize(last + 1);
}

void SpanMap::change_rate(std::uint32_t rate) {
  if (rate == rate_) return;
  // Ends are counted anew, not lengths, so that neighbours stay neighbours.
  const auto rescaled = [&](std::uint64_t samples) { return (samples * rate + rate_ / 2) / rate_; };
  for (std::vector<Span>* spans : {&spans_, &skips_}) {
    for (Span& span : *spans) {
      const std::uint64_t end = rescaled(span.at + span.length);
      span.at = rescaled(span.at);
      span.length = end - span.at;
      span.skipped = rescaled(span.skipped);
    }
  }
  samples_ = rescaled(samples_);
  rate_ = rate;
}

void SpanMap::cut(std::uint64_t samples) {
  samples_ = std::min(samples_, samples);
  for (Span& span : spans_) {
    const std::uint64_t end = std::min(span.at + span.length, samples_);
    span.at = std::min(span.at, samples_);
    span.length = end - span.at;
  }
  std::erase_if(spans_, [](const Span& span) { return span.length == 0 && span.skipped == 0; });
  for (Span& span : skips_) span.at = std::min(span.at, samples_);
}

void SpanMap::extend_unknown(std::uint64_t samples) {
  if (samples <= samples_) return;
  samples_ = samples;
  complete_ = false;
}

}  // namespace record
