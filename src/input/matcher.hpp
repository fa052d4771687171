#pragma once
// Holds keys against several grammars at once, one key after the other, and knows after each whether they match, and
// whether more keys could match too. Linear in the size of the grammars for each key, whatever they are (Pike's
// simulation). Owned by one thread.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "input/grammar.hpp"

namespace input {

class Matcher {
 public:
  explicit Matcher(std::vector<Grammar> grammars);

  void feed(char key);
  // Some grammar takes this key next.
  bool takes(char key) const;
  const std::string& keys() const { return keys_; }

  // The keys so far are what a grammar accepts.
  bool matches() const { return matched_.has_value(); }
  // More keys could be.
  bool can_go_on() const;
  // Neither now nor by more keys.
  bool is_dead() const { return !matches() && !can_go_on(); }

  // Of the first grammar that matches; only where one does.
  const Grammar& matched() const { return *runs_[*matched_].grammar; }
  // What its <tag/>s say: the last on the way (Semantic Interpretation, string literals); nothing if none.
  std::optional<std::string> tag() const;

 private:
  using State = Automaton::State;
  struct Thread {
    State state = 0;
    std::int32_t tag = -1;
  };
  // The places in one grammar that the keys have led to, the preferred first.
  struct Run {
    const Grammar* grammar = nullptr;
    std::vector<Thread> threads;      // states that want a key
    std::optional<std::int32_t> tag;  // of the match, if it is one; -1: none
    std::vector<std::uint32_t> seen;  // by state: the step at which it was reached
  };

  void follow(Run& run, Thread from);
  void judge();

  std::vector<Grammar> grammars_;
  std::vector<Run> runs_;
  std::string keys_;
  std::uint32_t step_ = 1;
  std::optional<std::size_t> matched_;
  std::vector<Thread> todo_, before_;
};

}  // namespace input
