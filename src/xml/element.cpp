#include "xml/element.hpp"

#include <algorithm>

#include "xml/utf8.hpp"

namespace xml {
namespace {

constexpr std::string_view kXmlNs = "http://www.w3.org/XML/1998/namespace";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// What must be escaped differs: white space in an attribute's value would be normalised by the reader, a carriage
// return everywhere.
enum class Place { text, attribute };

void append_escaped(std::string& out, std::string_view text, Place place) {
  while (!text.empty()) {
    const auto [code, length] = first_utf8(text);
    if (length == 0 || !is_xml_char(code)) {
      out += kReplacement;
      text.remove_prefix(std::max<std::size_t>(length, 1));
      continue;
    }
    switch (code) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += place == Place::attribute ? "&apos;" : "'";
        break;
      case '"':
        out += place == Place::attribute ? "&quot;" : "\"";
        break;
      case '\t':
        out += place == Place::attribute ? "&#9;" : "\t";
        break;
      case '\n':
        out += place == Place::attribute ? "&#10;" : "\n";
        break;
      case '\r':
        out += "&#13;";
        break;
      default:
        out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
}

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  out += ' ';
  out += name;
  out += "='";
  append_escaped(out, value, Place::attribute);
  out += '\'';
}

void append_attributes(std::string& out, const Element& element) {
  int prefixes = 0;
  for (const Attribute& attribute : element.attributes) {
    if (attribute.ns.empty()) {
      append_attribute(out, attribute.name, attribute.value);
    } else if (attribute.ns == kXmlNs) {
      append_attribute(out, "xml:" + attribute.name, attribute.value);
    } else {
      const std::string prefix = "ns" + std::to_string(prefixes++);
      append_attribute(out, "xmlns:" + prefix, attribute.ns);
      append_attribute(out, prefix + ":" + attribute.name, attribute.value);
    }
  }
}

void append(std::string& out, const Element& element, std::string_view inherited_ns) {
  // The namespace of xml: itself cannot be made the default one.
  const bool reserved = element.ns == kXmlNs;
  const std::string name = reserved ? "xml:" + element.name : element.name;
  const std::string_view ns = reserved ? inherited_ns : std::string_view(element.ns);
  out += '<';
  out += name;
  if (ns != inherited_ns) append_attribute(out, "xmlns", ns);
  append_attributes(out, element);
  if (element.children.empty()) {
    out += "/>";
    return;
  }
  out += '>';
  for (const auto& child : element.children) {
    if (const auto* inner = std::get_if<Element>(&child)) {
      append(out, *inner, ns);
    } else {
      append_escaped(out, std::get<std::string>(child), Place::text);
    }
  }
  out += "</";
  out += name;
  out += '>';
}

}  // namespace

const std::string* Element::attribute(std::string_view wanted) const {
  for (const Attribute& attribute : attributes) {
    if (attribute.ns.empty() && attribute.name == wanted) return &attribute.value;
  }
  return nullptr;
}

std::string Element::attribute_or(std::string_view wanted, std::string_view otherwise) const {
  const std::string* value = attribute(wanted);
  return value != nullptr ? *value : std::string(otherwise);
}

Element& Element::set(std::string_view attribute_name, std::string_view value) {
  for (Attribute& attribute : attributes) {
    if (attribute.ns.empty() && attribute.name == attribute_name) {
      attribute.value = value;
      return *this;
    }
  }
  attributes.push_back({std::string(attribute_name), std::string(value), {}});
  return *this;
}

Element& Element::remove(std::string_view attribute_name) {
  std::erase_if(attributes, [&](const Attribute& a) { return a.ns.empty() && a.name == attribute_name; });
  return *this;
}

Element& Element::add(Element child) {
  children.emplace_back(std::move(child));
  return std::get<Element>(children.back());
}

Element& Element::add_text(std::string_view text) {
  if (text.empty()) return *this;
  if (!children.empty()) {
    if (auto* before = std::get_if<std::string>(&children.back())) {
      *before += text;
      return *this;
    }
  }
  children.emplace_back(std::string(text));
  return *this;
}

const Element* Element::first() const {
  for (const auto& child : children) {
    if (const auto* element = std::get_if<Element>(&child)) return element;
  }
  return nullptr;
}

const Element* Element::find(std::string_view wanted_name, std::string_view wanted_ns) const {
  for (const auto& child : children) {
    const auto* element = std::get_if<Element>(&child);
    if (element != nullptr && element->is(wanted_name, wanted_ns)) return element;
  }
  return nullptr;
}

std::vector<const Element*> Element::elements() const {
  std::vector<const Element*> found;
  for (const auto& child : children) {
    if (const auto* element = std::get_if<Element>(&child)) found.push_back(element);
  }
  return found;
}

std::string Element::text() const {
  std::string joined;
  for (const auto& child : children) {
    if (const auto* part = std::get_if<std::string>(&child)) joined += *part;
  }
  return joined;
}

std::string print(const Element& element, std::string_view inherited_ns) {
  std::string out;
  append(out, element, inherited_ns);
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  append_escaped(out, text, Place::attribute);
  return out;
}

}  // namespace xml
