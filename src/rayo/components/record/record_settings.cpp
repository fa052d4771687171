#include "rayo/components/record/record_settings.hpp"

#include <optional>
#include <utility>

#include "rayo/payload.hpp"

namespace rayo {

using base::bad_request;
using base::Result;

namespace {

// Puts the value that `read` finds into `place`, or hands its error on.
template <class T, class Read>
Result<void> take(T& place, const Read& read, const xml::Attribute& attribute) {
  auto value = read(attribute);
  if (!value) return std::move(value.error());
  place = *value;
  return {};
}

Result<record::Direction> read_direction(const xml::Attribute& attribute) {
  if (attribute.value == "duplex") return record::Direction::duplex;
  if (attribute.value == "send") return record::Direction::send;
  if (attribute.value == "recv") return record::Direction::recv;
  return bad_request("attribute 'direction': expected duplex, send or recv, not '" + attribute.value.substr(0, 100) +
                     "'");
}

Result<std::string> read_format(const xml::Attribute& attribute) {
  if (attribute.value.empty()) return bad_request("attribute 'format' is empty");
  std::string format = attribute.value;
  for (char& c : format) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return format;
}

// <hint name= value=/> (§7.13.5.1.1).
Result<record::Hint> read_hint(const xml::Element& element) {
  if (element.name != "hint") return bad_request("<" + element.name + "/> inside <record/> is unknown");
  if (auto known = check_attributes(element, {"name", "value"}); !known) return std::move(known.error());
  const std::string* name = element.attribute("name");
  const std::string* value = element.attribute("value");
  if (name == nullptr || name->empty()) return bad_request("<hint/> has no attribute 'name'");
  if (value == nullptr) return bad_request("<hint/> '" + name->substr(0, 100) + "' has no attribute 'value'");
  return record::Hint{*name, *value};
}

}  // namespace

Result<record::Settings> read_record(const xml::Element& element, Dialect dialect, const std::string& server_format) {
  if (auto known = check_attributes(element, {"format", "start-beep", "stop-beep", "start-paused", "max-duration",
                                              "initial-timeout", "final-timeout", "direction", "duplex", "mix"});
      !known) {
    return std::move(known.error());
  }
  record::Settings settings = record_defaults(dialect, server_format);
  std::optional<bool> duplex;
  std::optional<record::Direction> direction;
  for (const xml::Attribute& attribute : element.attributes) {
    if (!attribute.ns.empty()) continue;  // xml:lang and the like
    const std::string& name = attribute.name;
    Result<void> taken;
    if (name == "format") taken = take(settings.format, read_format, attribute);
    if (name == "start-beep") taken = take(settings.start_beep, read_boolean, attribute);
    if (name == "stop-beep") taken = take(settings.stop_beep, read_boolean, attribute);
    if (name == "start-paused") taken = take(settings.start_paused, read_boolean, attribute);
    if (name == "max-duration") taken = take(settings.max_duration, read_timeout, attribute);
    if (name == "initial-timeout") taken = take(settings.initial_timeout, read_timeout, attribute);
    if (name == "final-timeout") taken = take(settings.final_timeout, read_timeout, attribute);
    if (name == "direction") taken = take(direction, read_direction, attribute);
    if (name == "duplex") taken = take(duplex, read_boolean, attribute);
    if (name == "mix") taken = take(settings.mix, read_boolean, attribute);
    if (!taken) return std::move(taken.error());
  }
  if (duplex && direction && *duplex != (*direction == record::Direction::duplex)) {
    return bad_request("attribute 'duplex' contradicts attribute 'direction'");
  }
  // The old form: 'duplex' alone decides between both parties and what the caller sends.
  if (duplex) settings.direction = *duplex ? record::Direction::duplex : record::Direction::send;
  if (direction) settings.direction = *direction;
  for (const xml::Element* child : element.elements()) {
    auto hint = read_hint(*child);
    if (!hint) return std::move(hint.error());
    settings.hints.push_back(std::move(*hint));
  }
  return settings;
}

}  // namespace rayo
