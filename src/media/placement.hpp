#pragma once
// Which worker each endpoint lives on, and what must move so that a join can be. What is joined, directly or through
// others, lives on one worker. Pure logic; owned by the control thread.

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace media {

class Placement {
 public:
  explicit Placement(std::size_t workers) : load_(workers) {}

  // A new endpoint: to the worker with the fewest; says which.
  std::size_t add(std::uint32_t id);
  void remove(std::uint32_t id);
  std::optional<std::size_t> worker_of(std::uint32_t id) const;

  struct Move {
    std::size_t from = 0, to = 0;
    std::vector<std::uint32_t> endpoints;
  };
  // Both are known. What has to move first, if anything: the smaller side.
  std::optional<Move> join(std::uint32_t one, std::uint32_t other);
  void unjoin(std::uint32_t one, std::uint32_t other);

 private:
  struct Endpoint {
    std::size_t worker = 0;
    std::unordered_set<std::uint32_t> joined;
  };
  std::vector<std::uint32_t> connected(std::uint32_t id) const;

  std::unordered_map<std::uint32_t, Endpoint> endpoints_;
  std::vector<std::size_t> load_;  // endpoints of each worker
};

}  // namespace media
