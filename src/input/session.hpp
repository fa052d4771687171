#pragma once
// One input under way (XEP-0327 §6.5.4 and §7.13.3): keys and time in, an outcome out, once. Time is passed in. Owned
// by one thread.
//
//   waiting ── start_timers ──▶ timed ── initial-timeout ──▶ noinput
//      └────────── first key ─────┴──▶ collecting ── nothing more can match, terminator, inter-digit-timeout,
//                                                    recognition-timeout ──▶ match or nomatch
//
// It ends as soon as nothing more can match: with what is matched, or because nothing can be any more. Where it matches
// and more keys could too, it goes on to the terminator or a time-out. The terminator is no part of what is matched
// unless only a grammar with it in that place matches.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "input/matcher.hpp"

namespace input {

struct Timeouts {
  std::optional<base::milliseconds> initial = std::nullopt;
  std::optional<base::milliseconds> inter_digit = std::nullopt;
  std::optional<base::milliseconds> recognition = std::nullopt;  // from the first key on
};

enum class Reason { match, noinput, nomatch };

struct Outcome {
  Reason reason = Reason::nomatch;
  // For Reason::match:
  std::string keys = {};
  std::optional<std::string> tag = std::nullopt;
  std::string grammar_uri = {};  // empty: the grammar was in the command
};

class Session {
 public:
  // `terminator` is a key, or nothing.
  Session(std::vector<Grammar> grammars, Timeouts timeouts, std::optional<char> terminator);

  // From now on initial-timeout runs, unless a key has come before.
  void start_timers(base::Time now);
  // Other characters than keys are passed over.
  std::optional<Outcome> on_key(char key, base::Time now);
  // When tick() has to be called next; nothing: it may wait for ever.
  std::optional<base::Time> deadline() const;
  std::optional<Outcome> tick(base::Time now);

 private:
  Outcome end();

  Matcher matcher_;
  const Timeouts timeouts_;
  const std::optional<char> terminator_;
  std::optional<base::Time> initial_end_, inter_digit_end_, recognition_end_;
  bool ended_ = false;
};

}  // namespace input
