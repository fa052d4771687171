#pragma once
// One XML element with its namespace, attributes and children, as a value. No DTDs, entities, comments or processing
// instructions: XMPP has none (RFC 6120 §11.1).

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace xml {

struct Attribute {
  std::string name;  // local name
  std::string value;
  std::string ns;  // empty: the attribute has no prefix
};

struct Element {
  std::string name;
  std::string ns;
  std::vector<Attribute> attributes;
  std::vector<std::variant<Element, std::string>> children;

  Element() = default;
  Element(std::string name_, std::string ns_) : name(std::move(name_)), ns(std::move(ns_)) {}

  bool is(std::string_view wanted_name, std::string_view wanted_ns) const {
    return name == wanted_name && ns == wanted_ns;
  }

  // The value of the attribute without a namespace, or null.
  const std::string* attribute(std::string_view wanted) const;
  std::string attribute_or(std::string_view wanted, std::string_view otherwise) const;
  // Sets or replaces; returns *this so that elements can be built in one expression.
  Element& set(std::string_view attribute_name, std::string_view value);
  Element& remove(std::string_view attribute_name);

  // Appends; the reference is to the child (valid until the next append).
  Element& add(Element child);
  Element& add_text(std::string_view text);

  // The first child element / the first with that name and namespace, or null.
  const Element* first() const;
  const Element* find(std::string_view wanted_name, std::string_view wanted_ns) const;
  std::vector<const Element*> elements() const;
  // All text directly inside, joined.
  std::string text() const;
};

// Serialises. `inherited_ns` is the default namespace at the place where it is written: an element in that namespace
// carries no xmlns. Never writes CDATA. Characters that XML 1.0 does not allow are replaced by U+FFFD.
std::string print(const Element& element, std::string_view inherited_ns = {});

// Escaped for text and for attribute values (both quote characters).
std::string escaped(std::string_view text);

}  // namespace xml
