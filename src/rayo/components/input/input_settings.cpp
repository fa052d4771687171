#include "rayo/components/input/input_settings.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "input/grammar.hpp"
#include "rayo/payload.hpp"

namespace rayo {

using base::bad_request;
using base::Error;
using base::Kind;
using base::Result;

namespace {

constexpr std::size_t kMostGrammars = 32;
constexpr std::string_view kSpace = " \t\r\n";

std::string quoted(const std::string& text) {
  std::string quoted(1, '\'');
  quoted.append(text, 0, 100);
  quoted += '\'';
  return quoted;
}

Result<void> check_mode(const xml::Attribute& attribute) {
  const std::string& mode = attribute.value;
  if (mode == "dtmf" || mode == "any") return {};
  if (mode == "voice" || mode == "speech" || mode == "cpa") {  // speech: clients of 2011
    return Error{Kind::not_supported, "mode '" + mode + "': there is no speech recognition; dtmf is understood",
                 base::Fault::peer};
  }
  return bad_request("attribute 'mode': expected any, dtmf, voice or cpa, not " + quoted(mode));
}

Result<std::optional<char>> read_terminator(const xml::Attribute& attribute) {
  if (attribute.value.empty()) return std::optional<char>{};
  const auto key = attribute.value.size() == 1 ? input::to_key(attribute.value[0]) : std::nullopt;
  if (!key) return bad_request("attribute 'terminator': expected one of 0-9 * # A-D, not " + quoted(attribute.value));
  return key;
}

Result<void> check_fraction(const xml::Attribute& attribute) {
  const std::string& text = attribute.value;
  double number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error == std::errc{} && end == text.data() + text.size() && number >= 0 && number <= 1) return {};
  return bad_request("attribute '" + attribute.name + "': expected a number from 0 to 1, not " + quoted(text));
}

// Of BCP 47, or ISO 639-3.
Result<void> check_language(const xml::Attribute& attribute) {
  const auto is_fit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (!attribute.value.empty() && std::ranges::all_of(attribute.value, is_fit)) return {};
  return bad_request("attribute 'language': " + quoted(attribute.value) + " is no language");
}

Result<void> check_result_type(const xml::Attribute& attribute) {
  if (attribute.value == "application/nlsml+xml") return {};
  return Error{Kind::not_supported,
               "attribute 'match-content-type': results are application/nlsml+xml, not " + quoted(attribute.value),
               base::Fault::peer};
}

Result<void> take_timeout(std::optional<base::milliseconds>& place, const xml::Attribute& attribute) {
  if (attribute.name == "recognition-timeout" && attribute.value == "0") {  // the one that may be
    place = base::milliseconds(0);
    return {};
  }
  const auto timeout = read_timeout(attribute);
  if (!timeout) return timeout.error();
  place = *timeout;
  return {};
}

// What matters for speech alone (recognizer, language, sensitivity, min-confidence, max-silence) is judged, and then
// has nothing to act upon.
Result<void> take_attribute(call::InputSettings& settings, const xml::Attribute& attribute) {
  const std::string& name = attribute.name;
  std::optional<base::milliseconds> of_speech;
  if (name == "mode") return check_mode(attribute);
  if (name == "initial-timeout") return take_timeout(settings.timeouts.initial, attribute);
  if (name == "inter-digit-timeout") return take_timeout(settings.timeouts.inter_digit, attribute);
  if (name == "recognition-timeout") return take_timeout(settings.timeouts.recognition, attribute);
  if (name == "max-silence") return take_timeout(of_speech, attribute);
  if (name == "sensitivity" || name == "min-confidence") return check_fraction(attribute);
  if (name == "language") return check_language(attribute);
  if (name == "match-content-type") return check_result_type(attribute);
  if (name == "terminator") {
    const auto key = read_terminator(attribute);
    if (!key) return key.error();
    settings.terminator = *key;
  }
  return {};
}

Result<input::Grammar> read_grammar(const xml::Element& element) {
  if (auto known = check_attributes(element, {"url", "content-type"}); !known) return std::move(known.error());
  const std::string* const url = element.attribute("url");
  const std::string* const type = element.attribute("content-type");
  const auto documents = element.elements();
  const std::string text = element.text();
  const bool has_text = text.find_first_not_of(kSpace) != std::string::npos;
  if (url != nullptr) {
    if (type != nullptr || has_text || !documents.empty()) {
      return bad_request("'url' together with a content type or a document");
    }
    return input::read_builtin(*url);
  }
  if (type == nullptr) return bad_request("neither 'url' nor 'content-type'");
  if (documents.empty()) return input::read_grammar(*type, text);
  // Some clients leave the CDATA out.
  if (documents.size() > 1 || has_text) return bad_request("more than one document");
  if (*type != "application/srgs+xml" && *type != "application/grammar+grxml") return input::read_grammar(*type, text);
  return input::read_srgs(*documents[0]);
}

}  // namespace

Result<call::InputSettings> read_input(const xml::Element& element) {
  if (auto known = check_attributes(
          element, {"mode", "terminator", "recognizer", "language", "initial-timeout", "inter-digit-timeout",
                    "recognition-timeout", "sensitivity", "min-confidence", "max-silence", "match-content-type"});
      !known) {
    return std::move(known.error());
  }
  call::InputSettings settings;
  for (const xml::Attribute& attribute : element.attributes) {
    if (!attribute.ns.empty()) continue;
    if (auto taken = take_attribute(settings, attribute); !taken) return std::move(taken.error());
  }
  for (const xml::Element* child : element.elements()) {
    if (child->name != "grammar") return bad_request("<" + child->name + "/> inside <input/> is unknown");
    const std::string number = std::to_string(settings.grammars.size() + 1);
    if (settings.grammars.size() == kMostGrammars) {
      return Error{Kind::no_resources, "more than " + std::to_string(kMostGrammars) + " grammars", base::Fault::peer};
    }
    auto grammar = read_grammar(*child);
    if (!grammar) return std::move(grammar.error()).in("<grammar/> " + number);
    settings.grammars.push_back(std::move(*grammar));
  }
  if (settings.grammars.empty()) return bad_request("<input/> has no <grammar/>");
  return settings;
}

}  // namespace rayo
