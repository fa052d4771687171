// <dtmf/>, keys to be sent to a call's party, as clients of 2011-2013 know it. XEP-0327 has none.
#include <array>
#include <charconv>
#include <string>

#include "input/automaton.hpp"
#include "rayo/namespaces.hpp"
#include "rayo/payload.hpp"
#include "rayo/verbs.hpp"

namespace rayo {
namespace {

using base::bad_request;
using base::milliseconds;
using base::Result;

constexpr milliseconds kDuration{100}, kShortest{40}, kLongest{10'000};
constexpr std::size_t kMostTones = 64;

struct Tones {
  std::string keys;
  milliseconds duration = kDuration;
};

Result<Tones> read_dtmf(const xml::Element& element) {
  // 'signal' is what the event is written with.
  if (auto known = check_attributes(element, {"tones", "signal", "tone-duration", "duration"}); !known) {
    return std::move(known.error());
  }
  if (const xml::Element* child = element.first(); child != nullptr) {
    return bad_request("<" + child->name + "/> inside <dtmf/>, which must be empty");
  }
  Tones tones;
  for (const xml::Attribute& attribute : element.attributes) {
    const std::string& text = attribute.value;
    if (attribute.name == "tones" || attribute.name == "signal") {
      if (!tones.keys.empty()) return bad_request("<dtmf/> has 'tones' and 'signal'");
      if (text.empty() || text.size() > kMostTones) {
        return bad_request("attribute '" + attribute.name + "': expected 1 to " + std::to_string(kMostTones) +
                           " tones");
      }
      for (const char c : text) {
        const auto key = input::to_key(c);
        if (!key) return bad_request("attribute '" + attribute.name + "': expected 0-9 * # A-D");
        tones.keys += *key;
      }
    } else if (attribute.ns.empty()) {
      long number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc{} || end != text.data() + text.size() || number < kShortest.count() ||
          number > kLongest.count()) {
        return bad_request("attribute '" + attribute.name + "': expected a number of milliseconds from " +
                           std::to_string(kShortest.count()) + " to " + std::to_string(kLongest.count()));
      }
      tones.duration = milliseconds(number);
    }
  }
  if (tones.keys.empty()) return bad_request("<dtmf/> has no attribute 'tones'");
  return tones;
}

void dtmf(Server&, Command command) {
  const auto tones = read_dtmf(command.payload);
  if (!tones) return command.reply.error(tones.error());
  command.reply.outcome(command.call->send_digits(tones->keys, tones->duration));
}

}  // namespace

std::span<const Verb> dtmf_verbs() {
  static constexpr std::array<Verb, 1> kVerbs = {{{Target::call, ns::kRayo, "dtmf", dtmf}}};
  return kVerbs;
}

}  // namespace rayo
