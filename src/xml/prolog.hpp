#pragma once
// What may stand in front of the root of a document that somebody sends inside another one (SRGS, SSML): white space,
// an XML declaration, comments, a DOCTYPE. Such a document is text already, so the encoding that it declares says
// nothing; nor does a DOCTYPE that only names its DTD. Any thread.

#include <string_view>

namespace xml {

// From the root element on. What cannot be passed over (a DOCTYPE with declarations of its own) is left for the parser
// to refuse.
std::string_view without_prolog(std::string_view document);

}  // namespace xml
