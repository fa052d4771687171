#include "record/alignment.hpp"

#include <algorithm>
#include <cmath>

namespace record {
namespace {

// At the file's rate.
SpanMap at_rate(SpanMap map, std::uint32_t rate) {
  map.change_rate(rate);
  return map;
}

// Puts no copy where something is already, and none behind the end of the file.
void trim(std::vector<Copy>& copies, std::uint64_t taken, std::uint64_t samples) {
  for (Copy& copy : copies) {
    const std::uint64_t cut = copy.to < taken ? std::min(taken - copy.to, copy.length) : 0;
    copy.from += cut;
    copy.to += cut;
    copy.length -= cut;
    copy.length = copy.to < samples ? std::min(copy.length, samples - copy.to) : 0;
  }
  std::erase_if(copies, [](const Copy& copy) { return copy.length == 0; });
}

}  // namespace

// In the map's own rate everything is exact, so each end is converted by itself and errors do not add up.
std::vector<Stretch> stretches(const SpanMap& map, std::chrono::nanoseconds start, std::uint32_t rate) {
  std::vector<Stretch> all;
  const double factor = static_cast<double>(rate) / map.rate();
  const double offset = std::chrono::duration<double>(start).count() * rate;
  std::uint64_t from = 0, skipped = 0;
  const auto add = [&](std::uint64_t until) {
    const auto at = [&](std::uint64_t sample) {
      return static_cast<std::uint64_t>(std::llround(static_cast<double>(sample) * factor));
    };
    const std::int64_t time = std::llround(offset + static_cast<double>(from + skipped) * factor);
    if (at(until) > at(from)) all.push_back({time, at(from), at(until) - at(from)});
    from = until;
  };
  for (const Span& skip : map.skips()) {
    if (skip.at > from) add(skip.at);
    skipped += skip.skipped;
  }
  add(map.samples());
  return all;
}

std::vector<Copy> copies(std::span<const Stretch> file, std::span<const Stretch> source) {
  std::vector<Copy> all;
  const auto end = [](const Stretch& stretch) { return stretch.time + static_cast<std::int64_t>(stretch.length); };
  for (std::size_t i = 0, j = 0; i < file.size() && j < source.size();) {
    const std::int64_t first = std::max(file[i].time, source[j].time);
    const std::int64_t last = std::min(end(file[i]), end(source[j]));
    if (first < last) {
      all.push_back({.from = source[j].at + static_cast<std::uint64_t>(first - source[j].time),
                     .to = file[i].at + static_cast<std::uint64_t>(first - file[i].time),
                     .length = static_cast<std::uint64_t>(last - first)});
    }
    end(file[i]) < end(source[j]) ? ++i : ++j;
  }
  return all;
}

Aligned align(const Attendance& attendance, std::span<const Stretch> main, base::Time main_start, std::uint32_t rate,
              std::uint64_t samples) {
  Aligned aligned{.copies = {}, .map = SpanMap(rate), .present = {}};
  for (const Visit& visit : attendance.visits) {
    const SpanMap map = at_rate(visit.map, rate);
    auto& of_visit = aligned.copies.emplace_back(copies(main, stretches(visit.map, visit.start - main_start, rate)));
    trim(of_visit, aligned.map.samples(), samples);
    Kind gap = Kind::absent;
    for (const Copy& copy : of_visit) {
      if (gap == Kind::absent) aligned.present.push_back({.at = copy.to});
      aligned.map.add(gap, copy.to - aligned.map.samples());
      aligned.map.append(map, copy.from, copy.length);
      gap = Kind::paused;  // what is not there from here on was left out by a pause of its own
    }
    if (gap == Kind::paused) aligned.present.back().length = aligned.map.samples() - aligned.present.back().at;
  }
  aligned.map.add(Kind::absent, samples - aligned.map.samples());
  return aligned;
}

}  // namespace record
