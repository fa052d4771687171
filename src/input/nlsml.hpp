#pragma once
// The result of a match as Natural Language Semantics Markup Language in the form of MRCPv2 (RFC 6787 §6.3), as
// XEP-0327 §6.5.4.4 shows it. Any thread.

#include <string>

#include "input/session.hpp"

namespace input {

inline constexpr const char* kNlsmlType = "application/nlsml+xml";

// What the keys mean: what the grammar's tags say, or the keys themselves.
std::string interpretation(const Outcome& match);

//   <result xmlns="http://www.ietf.org/xml/ns/mrcpv2">
//     <interpretation><input mode="dtmf" confidence="100">1 2 3 4</input><instance>1234</instance></interpretation>
//   </result>
std::string nlsml(const Outcome& match);

}  // namespace input
