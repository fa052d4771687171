#include "input/session.hpp"

#include <algorithm>
#include <utility>

namespace input {

Session::Session(std::vector<Grammar> grammars, Timeouts timeouts, std::optional<char> terminator)
    : matcher_(std::move(grammars)), timeouts_(timeouts), terminator_(terminator) {}

void Session::start_timers(base::Time now) {
  if (matcher_.keys().empty() && timeouts_.initial && !initial_end_) initial_end_ = now + *timeouts_.initial;
}

std::optional<Outcome> Session::on_key(char key, base::Time now) {
  const auto one = to_key(key);
  if (ended_ || !one) return std::nullopt;
  if (one == terminator_) {
    if (!matcher_.matches() && matcher_.takes(*one)) matcher_.feed(*one);
    return end();
  }
  const bool first = matcher_.keys().empty();
  matcher_.feed(*one);
  if (!matcher_.can_go_on()) return end();
  initial_end_.reset();
  if (first && timeouts_.recognition) recognition_end_ = now + *timeouts_.recognition;
  if (timeouts_.inter_digit) inter_digit_end_ = now + *timeouts_.inter_digit;
  return std::nullopt;
}

std::optional<base::Time> Session::deadline() const {
  std::optional<base::Time> first;
  if (ended_) return first;
  for (const auto& end : {initial_end_, inter_digit_end_, recognition_end_}) {
    if (end && (!first || *end < *first)) first = end;
  }
  return first;
}

std::optional<Outcome> Session::tick(base::Time now) {
  const auto due = deadline();
  if (!due || now < *due) return std::nullopt;
  if (matcher_.keys().empty()) {
    ended_ = true;
    return Outcome{.reason = Reason::noinput};
  }
  return end();
}

Outcome Session::end() {
  ended_ = true;
  Outcome outcome;
  if (!matcher_.matches()) return outcome;
  outcome.reason = Reason::match;
  outcome.keys = matcher_.keys();
  outcome.tag = matcher_.tag();
  outcome.grammar_uri = matcher_.matched().uri;
  return outcome;
}

}  // namespace input
