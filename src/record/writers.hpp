#pragma once
// The writer threads, and who of them can be relied on. A disk that hangs holds up the writers whose files are on it:
// one that has made no turn for 5 s gets no new recordings, one that has made none for `timeout` is given up, and
// another one takes its place. A thread that hangs can be ended by nobody: it is kept until it comes back by itself,
// completes what it has, and is put away. Owned by the control thread.
//
//   at work ──no turn for `timeout`──▶ given up (its place: a new writer) ──comes back, completes, ends──▶ put away

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "record/writer.hpp"

namespace record {

class Writers {
 public:
  using Make = std::function<std::unique_ptr<Writer>(int number)>;

  // Given up at once, at most; from then on those that hang keep their places.
  static constexpr std::size_t kMostGivenUp = 16;
  // Without a turn for so long: nothing new.
  static constexpr std::chrono::seconds kPatience{5};

  Writers(Make make, std::chrono::milliseconds timeout) : make_(std::move(make)), timeout_(timeout) {}

  base::Result<void> start(int count);
  // For one recording more: of those that are at work the one with fewest. Null: none is. Lives as long as this object
  // while it has a recording.
  Writer* choose(base::Time now);
  // A recording that choose() gave it is over.
  void release(const Writer* writer);
  // Those that are given up now, and have been replaced: once nothing more is asked of one it is to be asked to stop.
  // Called once a second.
  std::vector<Writer*> watch(base::Time now);
  std::size_t given_up() const { return given_up_.size(); }
  // Ends all of them. False: some hang, and all that they use has to stay.
  bool stop(std::chrono::milliseconds at_most);

 private:
  struct Place {
    std::unique_ptr<Writer> writer;
    std::size_t recordings = 0;
  };

  base::Result<std::unique_ptr<Writer>> start_one();
  void put_away();

  const Make make_;
  const std::chrono::milliseconds timeout_;
  std::vector<Place> places_;
  std::vector<std::unique_ptr<Writer>> given_up_;
  int last_number_ = 0;
  bool is_hanging_ = false;  // once stopped
};

}  // namespace record
