#pragma once
// What a grammar comes down to: a nondeterministic automaton over the sixteen keys of a phone, built from its end to
// its beginning (each state is made knowing what follows it), so that a rule that refers to itself at its end is a
// loop. A value; any thread. Its size is bounded, since grammars come from the network.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace input {

inline constexpr std::string_view kKeys = "0123456789*#ABCD";  // in the order of RFC 4733 §3.2

// The key that a character stands for (a-d are A-D), or nothing.
std::optional<char> to_key(char c);

using KeySet = std::uint16_t;  // bit i: kKeys[i]
inline constexpr KeySet kDigits = 0x03ff;
inline constexpr KeySet kAnyKey = 0xffff;
KeySet set_of(char key);

class Automaton {
 public:
  using State = std::uint32_t;
  static constexpr State kAccept = 0;  // where every match ends
  static constexpr State kNone = 0xffffffff;
  static constexpr std::size_t kMaxStates = 10'000;

  struct Node {
    KeySet keys = 0;  // one of them leads to `next`; none: it is passed through without a key
    State next = kNone;
    State other = kNone;  // the second choice, where no key is needed
    std::int32_t tag = -1;
    bool useful = false;  // the end can be reached from here
  };

  Automaton();

  // ---- building; once too large, everything added is kAccept and is_too_large() ----
  State add_keys(KeySet keys, State next);
  // `first` is preferred where both match.
  State add_choice(State first, State second);
  State add_tag(std::string text, State next);
  // A state that leads nowhere until connect().
  State add_open();
  void connect(State open, State first, State second = kNone);
  // `count` of the keys, at least `least` of them; most: nothing for no limit.
  State add_keys(KeySet keys, std::uint32_t least, std::optional<std::uint32_t> most, State next);
  bool is_too_large() const { return too_large_; }
  // Nothing is added after this.
  void finish(State start);

  // ---- matching ----
  State start() const { return start_; }
  const Node& node(State state) const { return nodes_[state]; }
  std::size_t size() const { return nodes_.size(); }
  const std::string& tag(std::int32_t index) const { return tags_[static_cast<std::size_t>(index)]; }

 private:
  State add(Node node);

  std::vector<Node> nodes_;
  std::vector<std::string> tags_;
  State start_ = kAccept;
  bool too_large_ = false;
};

}  // namespace input
