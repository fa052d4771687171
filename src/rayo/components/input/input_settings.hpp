#pragma once
// <input/> (XEP-0327 §7.13.3) into what it asks for. All of it is judged before anything is begun.

#include "base/result.hpp"
#include "call/input.hpp"
#include "xml/element.hpp"

namespace rayo {

// bad_request, with a text that names the attribute or grammar, for whatever does not meet the specification;
// not_supported for speech and for grammars that would have to be fetched. Mode `any` is dtmf: there is no speech
// recognition that could be an alternative to it.
base::Result<call::InputSettings> read_input(const xml::Element& element);

}  // namespace rayo
