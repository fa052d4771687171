#pragma once
// <prompt/> (XEP-0327 §7.13.4) into what it asks for. All of it is judged before anything is begun.

#include "base/result.hpp"
#include "call/prompt.hpp"
#include "xml/element.hpp"

namespace rayo {

// As read_output() and read_input() of the two inside. What interrupts the output is the prompt's barge-in, so that an
// interrupt-on beside it is a bad_request.
base::Result<call::PromptSettings> read_prompt(const xml::Element& element);

}  // namespace rayo
