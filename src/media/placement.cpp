#include "media/placement.hpp"

#include <algorithm>

namespace media {

std::size_t Placement::add(std::uint32_t id) {
  const auto least = std::min_element(load_.begin(), load_.end());
  ++*least;
  const auto worker = static_cast<std::size_t>(least - load_.begin());
  endpoints_[id].worker = worker;
  return worker;
}

void Placement::remove(std::uint32_t id) {
  const auto found = endpoints_.find(id);
  if (found == endpoints_.end()) return;
  for (const std::uint32_t other : found->second.joined) endpoints_[other].joined.erase(id);
  --load_[found->second.worker];
  endpoints_.erase(found);
}

std::optional<std::size_t> Placement::worker_of(std::uint32_t id) const {
  const auto found = endpoints_.find(id);
  if (found == endpoints_.end()) return std::nullopt;
  return found->second.worker;
}

std::optional<Placement::Move> Placement::join(std::uint32_t one, std::uint32_t other) {
  const std::size_t here = endpoints_.at(one).worker, there = endpoints_.at(other).worker;
  std::optional<Move> move;
  if (here != there) {
    auto side = connected(one), other_side = connected(other);
    move =
        side.size() < other_side.size() ? Move{here, there, std::move(side)} : Move{there, here, std::move(other_side)};
    for (const std::uint32_t id : move->endpoints) endpoints_[id].worker = move->to;
    load_[move->from] -= move->endpoints.size();
    load_[move->to] += move->endpoints.size();
  }
  endpoints_[one].joined.insert(other);
  endpoints_[other].joined.insert(one);
  return move;
}

void Placement::unjoin(std::uint32_t one, std::uint32_t other) {
  const auto erase = [this](std::uint32_t from, std::uint32_t id) {
    if (const auto found = endpoints_.find(from); found != endpoints_.end()) found->second.joined.erase(id);
  };
  erase(one, other);
  erase(other, one);
}

std::vector<std::uint32_t> Placement::connected(std::uint32_t id) const {
  std::vector<std::uint32_t> all{id};
  std::unordered_set<std::uint32_t> seen{id};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const std::uint32_t next : endpoints_.at(all[i]).joined) {
      if (seen.insert(next).second) all.push_back(next);
    }
  }
  return all;
}

}  // namespace media
