#pragma once
// One grammar that a client gave to an input (XEP-0327 §7.13.3), ready to be matched: what it accepts, whatever form it
// came in. A value; any thread.
//
//   <grammar content-type='application/srgs+xml'>   srgs.cpp      SRGS 1.0, XML form, mode dtmf
//   <grammar url='builtin:dtmf/digits?length=4'/>   builtin.cpp   VoiceXML 2.0 appendix P
//   <grammar content-type='application/grammar+custom'>[4 DIGITS]   simple.cpp    of the clients of 2011
//
// Errors: bad_request for what is malformed, not_supported for speech and for what must be fetched, no_resources for
// what is too large.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "input/automaton.hpp"
#include "xml/element.hpp"

namespace input {

struct Grammar {
  Automaton automaton;
  std::string uri;  // that it came from; empty: it was in the command
};

// A document as text: white space, an XML declaration, comments and a DOCTYPE without declarations of its own may stand
// in front of it.
base::Result<Grammar> read_srgs(std::string_view document);
// The <grammar/> element of SRGS.
base::Result<Grammar> read_srgs(const xml::Element& root);

base::Result<Grammar> read_builtin(std::string_view uri);
// The same inside another grammar: where it begins; what follows is `next`.
base::Result<Automaton::State> add_builtin(Automaton& automaton, std::string_view uri, Automaton::State next);

// [4 DIGITS], [1-4 DIGITS], or a list of keys to choose from: 1, 2, 35.
base::Result<Grammar> read_simple(std::string_view text);

// By content type; a type that is not known is not_supported.
base::Result<Grammar> read_grammar(std::string_view content_type, std::string_view text);

base::Error too_large();

}  // namespace input
