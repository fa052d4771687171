#pragma once
// Reads what a command's element says, strictly: whatever is not understood is named and refused, never ignored
// (XEP-0327 §9). Pure functions.

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "sip/user_agent.hpp"
#include "xml/element.hpp"

namespace rayo {

// bad_request, naming the first attribute of `element` that is in a namespace or not among `known`.
base::Result<void> check_attributes(const xml::Element& element, std::initializer_list<std::string_view> known);

// bad_request unless the element has neither attributes nor anything in it.
base::Result<void> check_empty(const xml::Element& element);

// The <header name= value=/> children as SIP headers, each fit to be sent. Other child elements are refused unless
// their name is among `beside`.
base::Result<sip::Headers> read_headers(const xml::Element& element,
                                        std::initializer_list<std::string_view> beside = {});

// true, false, 1, 0.
base::Result<bool> read_boolean(const xml::Attribute& attribute);
// A positive number of milliseconds; -1 or none: no limit (nothing).
base::Result<std::optional<std::chrono::milliseconds>> read_timeout(const xml::Attribute& attribute);

}  // namespace rayo
