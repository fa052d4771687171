#pragma once
// Parses one XMPP stream (RFC 6120 §4, §11): bytes in as they come, the stream's root, each whole first-level element
// and the stream's end out. Refuses what RFC 6120 §11.1 forbids, and bounds what a peer can make us keep. Namespaces
// are resolved; an undeclared prefix is not well-formed. Entities cannot be declared, so none can grow; expat salts its
// hash tables from the kernel by itself. Owned by one thread.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "xml/element.hpp"
#include "xml/token_scanner.hpp"

namespace xml {

enum class ParseError {
  none,
  not_well_formed,
  restricted_xml,        // DOCTYPE, processing instruction, entity, comment outside a stanza
  unsupported_encoding,  // a declaration that names another one than UTF-8
  bad_format,            // text between stanzas
  too_big,
  too_deep,
};
std::string_view name_of(ParseError error);

struct ParseLimits {
  std::size_t stanza_bytes = 262144;  // of one first-level element, and of the stream's opening tag
  int depth = 64;                     // elements inside elements; the first-level element is the first
};

class Parser {
 public:
  struct Root {
    Element element;         // without children
    std::string default_ns;  // what xmlns= says
  };

  // Called inside feed(). The parser must outlive the call; reset() and stop() may be called.
  class Events {
   public:
    virtual ~Events() = default;
    virtual void on_open(const Root& root) = 0;
    virtual void on_element(Element element) = 0;
    virtual void on_close() = 0;
  };

  explicit Parser(Events& events, ParseLimits limits = {});
  ~Parser();
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // An error is final until reset(): nothing more is parsed. White space before the root is skipped.
  ParseError feed(std::string_view bytes);
  // A new stream starts behind the element that is being delivered, or with the next feed().
  void reset(ParseLimits limits);
  // The rest of this feed() and all that follow are dropped, until reset().
  void stop() { stopped_ = true; }

 private:
  class Tree;

  ParseError feed_token(std::string_view token);
  void start_over();

  Events& events_;
  ParseLimits limits_;
  TokenScanner scanner_;
  std::unique_ptr<Tree> tree_;
  std::size_t stanza_bytes_ = 0;
  bool stopped_ = false;
  bool reset_ = false;
  bool feeding_ = false;
  ParseError error_ = ParseError::none;
};

// One whole document, for what is not a stream. The same restrictions.
base::Result<Element> parse(std::string_view document, ParseLimits limits = {});

}  // namespace xml
