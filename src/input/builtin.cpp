// Grammars that are built in: builtin:dtmf/TYPE?parameter=value;... (VoiceXML 2.0 §2.3.1.1 and appendix P).
#include <array>
#include <charconv>
#include <map>

#include "input/grammar.hpp"

namespace input {
namespace {

using base::bad_request;
using base::Result;
using State = Automaton::State;
using Parameters = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view kScheme = "builtin:dtmf/";
constexpr std::uint32_t kMostDigits = 1000;  // that minlength and the like can ask for

Result<Parameters> read_parameters(std::string_view text) {
  Parameters parameters;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(";&");
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (one.empty()) continue;
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return bad_request("builtin grammar: '" + std::string(one.substr(0, 50)) + "' is no parameter=value");
    }
    if (!parameters.emplace(one.substr(0, equals), one.substr(equals + 1)).second) {
      return bad_request("builtin grammar: '" + std::string(one.substr(0, equals)) + "' is given twice");
    }
  }
  return parameters;
}

// Takes it out of `parameters`, so that those left at the end are unknown.
Result<std::optional<std::uint32_t>> take_number(Parameters& parameters, std::string_view name) {
  const auto found = parameters.find(name);
  if (found == parameters.end()) return std::optional<std::uint32_t>{};
  const std::string text = found->second;
  parameters.erase(found);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number > kMostDigits) {
    return bad_request("builtin grammar: " + std::string(name) + " is a number from 0 to " +
                       std::to_string(kMostDigits) + ", not '" + text.substr(0, 50) + "'");
  }
  return std::optional(number);
}

Result<State> digits(Automaton& automaton, Parameters& parameters, State next) {
  const auto least = take_number(parameters, "minlength");
  const auto most = take_number(parameters, "maxlength");
  const auto exactly = take_number(parameters, "length");
  for (const auto* one : {&least, &most, &exactly}) {
    if (!*one) return one->error();
  }
  const std::uint32_t from = exactly->value_or(least->value_or(1));
  const std::optional<std::uint32_t> to = *exactly ? *exactly : *most;
  if ((*exactly && (*least || *most)) || (to && *to < from) || to == 0U) {
    return bad_request("builtin grammar: minlength, maxlength and length contradict each other");
  }
  return automaton.add_keys(kDigits, from, to, next);
}

Result<State> boolean(Automaton& automaton, Parameters& parameters, State next) {
  std::array<char, 2> keys = {'1', '2'};  // yes, no
  constexpr std::array<std::string_view, 2> kNames = {"y", "n"};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto found = parameters.find(kNames[i]);
    if (found == parameters.end()) continue;
    const auto key = found->second.size() == 1 ? to_key(found->second[0]) : std::nullopt;
    if (!key) return bad_request("builtin grammar: " + std::string(kNames[i]) + " is one key");
    keys[i] = *key;
    parameters.erase(found);
  }
  if (keys[0] == keys[1]) return bad_request("builtin grammar: y and n are the same key");
  const State yes = automaton.add_keys(set_of(keys[0]), automaton.add_tag("true", next));
  const State no = automaton.add_keys(set_of(keys[1]), automaton.add_tag("false", next));
  return automaton.add_choice(yes, no);
}

// Digits, and * for the point, with digits behind it.
State number(Automaton& automaton, std::uint32_t least_behind, std::optional<std::uint32_t> most_behind, State next) {
  const State behind = automaton.add_keys(kDigits, least_behind, most_behind, next);
  const State point = automaton.add_keys(set_of('*'), behind);
  const State whole = automaton.add_keys(kDigits, 1, std::nullopt, automaton.add_choice(point, next));
  return automaton.add_choice(whole, point);
}

}  // namespace

Result<State> add_builtin(Automaton& automaton, std::string_view uri, State next) {
  if (!uri.starts_with(kScheme)) {
    return base::Error{base::Kind::not_supported,
                       "grammar '" + std::string(uri.substr(0, 200)) +
                           "': only builtin:dtmf/ can be referred to; nothing is fetched, and speech is not understood",
                       base::Fault::peer};
  }
  const std::string_view rest = uri.substr(kScheme.size());
  const std::size_t question = rest.find('?');
  const std::string_view type = rest.substr(0, question);
  auto parameters = read_parameters(question == std::string_view::npos ? "" : rest.substr(question + 1));
  if (!parameters) return std::move(parameters.error());

  Result<State> begin = next;
  if (type == "digits") {
    begin = digits(automaton, *parameters, next);
  } else if (type == "boolean") {
    begin = boolean(automaton, *parameters, next);
  } else if (type == "number") {
    begin = number(automaton, 1, std::nullopt, next);
  } else if (type == "currency") {
    begin = number(automaton, 2, 2, next);
  } else if (type == "date") {  // yyyymmdd
    begin = automaton.add_keys(kDigits, 8, 8, next);
  } else if (type == "time") {  // hhmm
    begin = automaton.add_keys(kDigits, 4, 4, next);
  } else if (type == "phone") {  // * is for an extension
    const State extension = automaton.add_keys(set_of('*'), automaton.add_keys(kDigits, 1, std::nullopt, next));
    begin = automaton.add_keys(kDigits, 1, std::nullopt, automaton.add_choice(extension, next));
  } else {
    return base::Error{base::Kind::not_supported,
                       "grammar '" + std::string(uri.substr(0, 200)) +
                           "' is not built in: digits, boolean, number, currency, date, time and phone are",
                       base::Fault::peer};
  }
  if (!begin) return begin;
  if (!parameters->empty()) {
    return bad_request("builtin grammar " + std::string(type) + " has no parameter '" +
                       parameters->begin()->first.substr(0, 50) + "'");
  }
  if (automaton.is_too_large()) return too_large();
  return begin;
}

Result<Grammar> read_builtin(std::string_view uri) {
  Grammar grammar;
  const auto begin = add_builtin(grammar.automaton, uri, Automaton::kAccept);
  if (!begin) return begin.error();
  grammar.automaton.finish(*begin);
  grammar.uri = uri;
  return grammar;
}

}  // namespace input
