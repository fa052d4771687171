#include "input/grammar.hpp"

#include <algorithm>

namespace input {

base::Error too_large() {
  return {base::Kind::no_resources,
          "the grammar is too large: its repetitions come to more than " + std::to_string(Automaton::kMaxStates) +
              " states",
          base::Fault::peer};
}

base::Result<Grammar> read_grammar(std::string_view content_type, std::string_view text) {
  std::string type(content_type.substr(0, content_type.find(';')));
  type.erase(type.find_last_not_of(" \t") + 1);
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  // The second name is that of clients of 2011.
  if (type == "application/srgs+xml" || type == "application/grammar+grxml") return read_srgs(text);
  if (type == "application/grammar+custom" || type == "application/grammar+voxeo") return read_simple(text);
  return base::Error{base::Kind::not_supported,
                     "grammars of content type '" + std::string(content_type.substr(0, 100)) +
                         "' are not understood: application/srgs+xml is",
                     base::Fault::peer};
}

}  // namespace input
