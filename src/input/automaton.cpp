#include "input/automaton.hpp"

#include <utility>

namespace input {

std::optional<char> to_key(char c) {
  if (c >= 'a' && c <= 'd') c = static_cast<char>(c - 'a' + 'A');
  if (kKeys.find(c) == std::string_view::npos) return std::nullopt;
  return c;
}

KeySet set_of(char key) {
  const std::size_t index = kKeys.find(key);
  return index == std::string_view::npos ? KeySet{0} : static_cast<KeySet>(1U << index);
}

Automaton::Automaton() { nodes_.push_back({.useful = true}); }  // kAccept

Automaton::State Automaton::add(Node node) {
  if (nodes_.size() >= kMaxStates) too_large_ = true;
  if (too_large_) return kAccept;
  nodes_.push_back(node);
  return static_cast<State>(nodes_.size() - 1);
}

Automaton::State Automaton::add_keys(KeySet keys, State next) { return add({.keys = keys, .next = next}); }

Automaton::State Automaton::add_choice(State first, State second) { return add({.next = first, .other = second}); }

Automaton::State Automaton::add_tag(std::string text, State next) {
  const State state = add({.next = next, .tag = static_cast<std::int32_t>(tags_.size())});
  if (!too_large_) tags_.push_back(std::move(text));
  return state;
}

Automaton::State Automaton::add_open() { return add({}); }

void Automaton::connect(State open, State first, State second) {
  if (too_large_) return;
  nodes_[open].next = first;
  nodes_[open].other = second;
}

Automaton::State Automaton::add_keys(KeySet keys, std::uint32_t least, std::optional<std::uint32_t> most, State next) {
  State begin = next;
  if (most) {
    for (std::uint32_t i = least; i < *most && !too_large_; ++i) begin = add_choice(add_keys(keys, begin), next);
  } else {
    const State loop = add_open();
    connect(loop, add_keys(keys, loop), next);
    begin = loop;
  }
  for (std::uint32_t i = 0; i < least && !too_large_; ++i) begin = add_keys(keys, begin);
  return begin;
}

// Marks what the end can be reached from, backwards along the edges, so that a match that cannot be completed any more
// is known at once.
void Automaton::finish(State start) {
  start_ = start;
  std::vector<std::vector<State>> before(nodes_.size());
  for (State state = 0; state < nodes_.size(); ++state) {
    for (const State after : {nodes_[state].next, nodes_[state].other}) {
      if (after != kNone) before[after].push_back(state);
    }
  }
  std::vector<State> todo{kAccept};
  while (!todo.empty()) {
    const State state = todo.back();
    todo.pop_back();
    for (const State one : before[state]) {
      if (std::exchange(nodes_[one].useful, true)) continue;
      todo.push_back(one);
    }
  }
}

}  // namespace input
