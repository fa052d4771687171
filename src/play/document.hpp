#pragma once
// What an output is asked to render: documents as a client sends them (XEP-0327 §7.13.1.2), not yet looked into.

#include <string>

namespace play {

struct Document {
  enum class Type {
    uri,       // the address of audio, or of one of the following
    uri_list,  // text/uri-list
    text,      // text/plain: to be spoken
    ssml,      // application/ssml+xml: likewise
  };
  Type type = Type::uri;
  std::string content;
};

}  // namespace play
