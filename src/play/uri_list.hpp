#pragma once
// Addresses of what is to be played: a text/uri-list (RFC 2483 §5) and the parts of a URI that matter here (RFC 3986).
// Pure functions.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace play {

// One URI a line; lines that start with # are comments. bad_request if there is no URI, or one has no scheme.
base::Result<std::vector<std::string>> read_uri_list(std::string_view text);

// For messages: in quotes, cut short.
std::string in_quotes(std::string_view text);

// In lower case; empty if there is none.
std::string scheme_of(std::string_view uri);

// The absolute path that a file: URI names, percent-decoded (RFC 8089: file:/path, file:///path,
// file://localhost/path).
base::Result<std::string> path_of_file_uri(std::string_view uri);

}  // namespace play
