#pragma once
// <complete/> (XEP-0327 §6.5): how a component ended, as each generation of clients knows it. Pure functions.

#include "call/component.hpp"
#include "rayo/dialect.hpp"
#include "xml/element.hpp"

namespace rayo {

xml::Element complete_element(Dialect dialect, const call::Outcome& outcome);

// The parts of each component: fills in <complete/>.
void add_completion(xml::Element& complete, Dialect dialect, const record::Outcome& outcome);
void add_completion(xml::Element& complete, Dialect dialect, const call::OutputOutcome& outcome);
void add_completion(xml::Element& complete, Dialect dialect, const call::InputOutcome& outcome);

// The core reasons (§6.5.2).
xml::Element stop_reason();
xml::Element hangup_reason();
xml::Element error_reason(const std::string& text);

}  // namespace rayo
