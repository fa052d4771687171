#include "input/matcher.hpp"

#include <algorithm>
#include <utility>

namespace input {

Matcher::Matcher(std::vector<Grammar> grammars) : grammars_(std::move(grammars)) {
  for (const Grammar& grammar : grammars_) {
    Run& run = runs_.emplace_back();
    run.grammar = &grammar;
    run.seen.resize(grammar.automaton.size());
    follow(run, {.state = grammar.automaton.start()});
  }
  judge();
}

void Matcher::feed(char key) {
  keys_ += key;
  ++step_;
  const KeySet wanted = set_of(key);
  for (Run& run : runs_) {
    before_ = std::exchange(run.threads, {});
    run.tag.reset();
    for (const Thread& thread : before_) {
      const Automaton::Node& node = run.grammar->automaton.node(thread.state);
      if ((node.keys & wanted) != 0) follow(run, {.state = node.next, .tag = thread.tag});
    }
  }
  judge();
}

bool Matcher::takes(char key) const {
  const KeySet wanted = set_of(key);
  return std::ranges::any_of(runs_, [&](const Run& run) {
    return std::ranges::any_of(run.threads, [&](const Thread& thread) {
      return (run.grammar->automaton.node(thread.state).keys & wanted) != 0;
    });
  });
}

bool Matcher::can_go_on() const {
  return std::ranges::any_of(runs_, [](const Run& run) { return !run.threads.empty(); });
}

std::optional<std::string> Matcher::tag() const {
  if (!matched_) return std::nullopt;
  const Run& run = runs_[*matched_];
  if (*run.tag < 0) return std::nullopt;
  return run.grammar->automaton.tag(*run.tag);
}

// To all states that need no further key, in order of preference.
void Matcher::follow(Run& run, Thread from) {
  const Automaton& automaton = run.grammar->automaton;
  todo_.assign(1, from);
  while (!todo_.empty()) {
    Thread thread = todo_.back();
    todo_.pop_back();
    const Automaton::Node& node = automaton.node(thread.state);
    if (!node.useful || std::exchange(run.seen[thread.state], step_) == step_) continue;
    if (thread.state == Automaton::kAccept) {
      run.tag = thread.tag;
    } else if (node.keys != 0) {
      run.threads.push_back(thread);
    } else {
      if (node.tag >= 0) thread.tag = node.tag;
      if (node.other != Automaton::kNone) todo_.push_back({.state = node.other, .tag = thread.tag});
      if (node.next != Automaton::kNone) todo_.push_back({.state = node.next, .tag = thread.tag});
    }
  }
}

void Matcher::judge() {
  matched_.reset();
  for (std::size_t i = 0; i < runs_.size() && !matched_; ++i) {
    if (runs_[i].tag) matched_ = i;
  }
}

}  // namespace input
