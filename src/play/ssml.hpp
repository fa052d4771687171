#pragma once
// SSML (W3C Speech Synthesis Markup Language 1.0 and 1.1) cut into what an engine is to speak and audio that is to be
// played in between. What is handed on is written anew: without declaration, DOCTYPE or anything that an engine would
// fetch. Pure functions.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace play {

struct SpokenPart {
  std::string ssml;                 // a whole <speak/>; empty: an <audio/>
  std::string audio;                // its URI
  std::vector<SpokenPart> instead;  // what is rendered if that cannot be had; may be empty
};

struct Ssml {
  std::string language;  // xml:lang of the root; may be empty
  std::vector<SpokenPart> parts;
};

// An XML declaration, comments and a DOCTYPE without an internal subset may precede the root, which must be <speak/>;
// none is looked into. bad_request for what is not SSML; not_supported for <lexicon/>.
base::Result<Ssml> read_ssml(std::string_view document);

// Plain text as SSML.
std::string ssml_of(std::string_view text);

}  // namespace play
