// The simple grammars of clients of 2011: [4 DIGITS], [1-4 DIGITS], or keys to choose from, with commas between.
#include <charconv>

#include "input/grammar.hpp"

namespace input {
namespace {

using base::Result;
using State = Automaton::State;

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::uint32_t kMostDigits = 1000;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

base::Error not_understood(std::string_view text) {
  return {base::Kind::not_supported,
          "grammar '" + std::string(text.substr(0, 100)) +
              "' is not understood: [4 DIGITS], [1-4 DIGITS] or keys with commas between are",
          base::Fault::peer};
}

std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number > kMostDigits) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// The inside of the brackets.
Result<State> digits(Automaton& automaton, std::string_view text) {
  std::string_view rest = trimmed(text);
  const auto least = take_number(rest);
  std::optional<std::uint32_t> most = least;
  if (rest.starts_with('-')) {
    rest.remove_prefix(1);
    most = take_number(rest);
  }
  const std::string_view unit = trimmed(rest);
  if (!least || !most || *most == 0 || *most < *least || (unit != "DIGITS" && unit != "DIGIT")) {
    return not_understood("[" + std::string(text.substr(0, 100)) + "]");
  }
  return automaton.add_keys(kDigits, *least, most, Automaton::kAccept);
}

Result<State> alternative(Automaton& automaton, std::string_view text) {
  State begin = Automaton::kAccept;
  for (std::size_t i = text.size(); i-- > 0;) {
    const auto key = to_key(text[i]);
    if (!key) return not_understood(text);
    begin = automaton.add_keys(set_of(*key), begin);
  }
  return begin;
}

}  // namespace

Result<Grammar> read_simple(std::string_view text) {
  const std::string_view whole = trimmed(text);
  if (whole.empty()) return base::bad_request("the grammar is empty");
  Grammar grammar;
  Result<State> begin = Automaton::kAccept;
  if (whole.starts_with('[') && whole.ends_with(']')) {
    begin = digits(grammar.automaton, whole.substr(1, whole.size() - 2));
  } else {
    std::optional<State> choice;
    for (std::string_view rest = whole;;) {
      const std::size_t comma = rest.find(',');
      const std::string_view one = trimmed(rest.substr(0, comma));
      if (one.empty()) return not_understood(whole);
      begin = alternative(grammar.automaton, one);
      if (!begin) break;
      choice = choice ? grammar.automaton.add_choice(*choice, *begin) : *begin;
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
    if (begin) begin = *choice;
  }
  if (!begin) return std::move(begin.error());
  if (grammar.automaton.is_too_large()) return too_large();
  grammar.automaton.finish(*begin);
  return grammar;
}

}  // namespace input
