// A grammar, a zero byte, keys: whatever the grammar, it is read or refused in bounded time, and what a session says
// agrees with what a plain matcher says. A grammar that begins with "builtin:" is a URI, one that begins with "[" or a
// key is a simple one.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "input/nlsml.hpp"
#include "input/session.hpp"
#include "xml/parser.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t zero = bytes.find('\0');
  const std::string_view text = bytes.substr(0, zero);
  const std::string_view keys = zero == std::string_view::npos ? "12#" : bytes.substr(zero + 1).substr(0, 100);
  auto grammar = text.starts_with("builtin:")                      ? input::read_builtin(text)
                 : text.starts_with('[') || !text.starts_with('<') ? input::read_simple(text)
                                                                   : input::read_srgs(text);
  if (!grammar) {
    require(!grammar.error().text.empty());
    return 0;
  }
  require(grammar->automaton.size() <= input::Automaton::kMaxStates);
  input::Matcher matcher({*grammar});
  input::Session session({*grammar}, {}, std::nullopt);
  for (const char one : keys) {
    const auto key = input::to_key(one);
    const auto outcome = session.on_key(one, {});
    if (!key) {
      require(!outcome);
      continue;
    }
    const bool takes = matcher.takes(*key);
    matcher.feed(*key);
    require(takes || matcher.is_dead());
    require(outcome.has_value() == !matcher.can_go_on());
    if (!outcome) continue;
    require((outcome->reason == input::Reason::match) == matcher.matches());
    if (outcome->reason == input::Reason::match) require(static_cast<bool>(xml::parse(input::nlsml(*outcome))));
    break;
  }
  return 0;
}
