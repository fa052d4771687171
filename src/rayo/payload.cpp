#include "rayo/payload.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

#include "sip/header_check.hpp"

namespace rayo {

using base::bad_request;
using base::Result;

namespace {

constexpr std::string_view kXmlNs = "http://www.w3.org/XML/1998/namespace";
constexpr std::int64_t kLongest = 1'000'000'000'000;  // ms: 31 years, and no sum of samples can overflow

bool is_among(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

base::Error wrong_value(const xml::Attribute& attribute, std::string_view expected) {
  return bad_request("attribute '" + attribute.name + "': expected " + std::string(expected) + ", not '" +
                     attribute.value.substr(0, 100) + "'");
}

}  // namespace

Result<void> check_attributes(const xml::Element& element, std::initializer_list<std::string_view> known) {
  for (const xml::Attribute& attribute : element.attributes) {
    if (attribute.ns == kXmlNs) continue;
    if (!attribute.ns.empty()) {
      return bad_request("attribute '" + attribute.name + "' of <" + element.name + "/> is in the unknown namespace '" +
                         attribute.ns + "'");
    }
    if (!is_among(attribute.name, known)) {
      return bad_request("attribute '" + attribute.name + "' of <" + element.name + "/> is unknown");
    }
  }
  return {};
}

Result<void> check_empty(const xml::Element& element) {
  if (auto known = check_attributes(element, {}); !known) return known;
  if (const xml::Element* child = element.first(); child != nullptr) {
    return bad_request("<" + child->name + "/> inside <" + element.name + "/>, which must be empty");
  }
  if (element.text().find_first_not_of(" \t\r\n") != std::string::npos) {
    return bad_request("text inside <" + element.name + "/>, which must be empty");
  }
  return {};
}

Result<sip::Headers> read_headers(const xml::Element& element, std::initializer_list<std::string_view> beside) {
  sip::Headers headers;
  for (const xml::Element* child : element.elements()) {
    if (is_among(child->name, beside)) continue;
    if (child->name != "header") {
      return bad_request("<" + child->name + "/> inside <" + element.name + "/> is unknown");
    }
    if (auto known = check_attributes(*child, {"name", "value"}); !known) return std::move(known.error());
    const std::string* name = child->attribute("name");
    const std::string* value = child->attribute("value");
    if (name == nullptr) return bad_request("<header/> has no attribute 'name'");
    if (value == nullptr) return bad_request("<header/> has no attribute 'value'");
    if (auto fit = sip::check_header(*name, *value); !fit) return std::move(fit.error());
    headers.emplace_back(*name, *value);
  }
  return headers;
}

Result<bool> read_boolean(const xml::Attribute& attribute) {
  if (attribute.value == "true" || attribute.value == "1") return true;
  if (attribute.value == "false" || attribute.value == "0") return false;
  return wrong_value(attribute, "true or false");
}

Result<std::optional<std::chrono::milliseconds>> read_timeout(const xml::Attribute& attribute) {
  const std::string& text = attribute.value;
  if (text == "-1" || text == "none") return std::optional<std::chrono::milliseconds>();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value <= 0 || value > kLongest) {
    return wrong_value(attribute, "a positive number of milliseconds, -1 or none");
  }
  return std::optional(std::chrono::milliseconds(value));
}

}  // namespace rayo
