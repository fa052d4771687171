#include "input/nlsml.hpp"

#include <utility>

#include "xml/element.hpp"

namespace input {

std::string interpretation(const Outcome& match) { return match.tag ? *match.tag : match.keys; }

std::string nlsml(const Outcome& match) {
  constexpr const char* kNs = "http://www.ietf.org/xml/ns/mrcpv2";
  std::string spaced;
  for (const char key : match.keys) {
    if (!spaced.empty()) spaced += ' ';
    spaced += key;
  }
  xml::Element input("input", kNs);
  input.set("mode", "dtmf").set("confidence", "100").add_text(spaced);
  xml::Element instance("instance", kNs);
  instance.add_text(interpretation(match));
  xml::Element meaning("interpretation", kNs);
  meaning.add(std::move(input));
  meaning.add(std::move(instance));
  xml::Element result("result", kNs);
  if (!match.grammar_uri.empty()) result.set("grammar", match.grammar_uri);
  result.add(std::move(meaning));
  return xml::print(result);
}

}  // namespace input
