#include "xml/parser.hpp"

#include <algorithm>
#include <expat.h>
#include <utility>
#include <vector>

namespace xml {
namespace {

// Between namespace and local name; no namespace can contain it.
constexpr char kSeparator = '\x01';
constexpr std::string_view kSpace = " \t\r\n";

bool is_blank(std::string_view text) { return text.find_first_not_of(kSpace) == std::string_view::npos; }

std::pair<std::string_view, std::string_view> split(const char* expanded) {
  const std::string_view text = expanded;
  const std::size_t at = text.find(kSeparator);
  if (at == std::string_view::npos) return {{}, text};
  return {text.substr(0, at), text.substr(at + 1)};
}

Element make_element(const char* expanded, const char** attributes) {
  const auto [ns, name] = split(expanded);
  Element element{std::string(name), std::string(ns)};
  for (; attributes[0] != nullptr; attributes += 2) {
    const auto [attribute_ns, attribute_name] = split(attributes[0]);
    element.attributes.push_back({std::string(attribute_name), attributes[1], std::string(attribute_ns)});
  }
  return element;
}

}  // namespace

std::string_view name_of(ParseError error) {
  switch (error) {
    case ParseError::none:
      return "no error";
    case ParseError::not_well_formed:
      return "not well-formed";
    case ParseError::restricted_xml:
      return "restricted XML";
    case ParseError::unsupported_encoding:
      return "unsupported encoding";
    case ParseError::bad_format:
      return "text between elements";
    case ParseError::too_big:
      return "too many bytes";
    case ParseError::too_deep:
      return "too deep";
  }
  return "unknown error";
}

// Expat's handle and what its callbacks build.
class Parser::Tree {
 public:
  explicit Tree(Parser& parser) : parser_(parser) {
    if (expat_ == nullptr) return;
    XML_SetUserData(expat_, this);
    XML_SetElementHandler(expat_, on_start, on_end);
    XML_SetCharacterDataHandler(expat_, on_text);
    XML_SetStartNamespaceDeclHandler(expat_, on_namespace);
    XML_SetXmlDeclHandler(expat_, on_declaration);
    // record-api.txt shows a comment inside a stanza, so those are passed over; anywhere else RFC 6120 §11.1 holds.
    XML_SetCommentHandler(expat_, [](void* tree, const XML_Char*) {
      auto& self = *static_cast<Tree*>(tree);
      if (self.path_.empty()) self.fail(ParseError::restricted_xml);
    });
    // The scanner lets none of these through; should it ever, they are refused here.
    XML_SetStartDoctypeDeclHandler(expat_, [](void* tree, const XML_Char*, const XML_Char*, const XML_Char*, int) {
      static_cast<Tree*>(tree)->fail(ParseError::restricted_xml);
    });
    XML_SetProcessingInstructionHandler(expat_, [](void* tree, const XML_Char*, const XML_Char*) {
      static_cast<Tree*>(tree)->fail(ParseError::restricted_xml);
    });
  }
  ~Tree() {
    if (expat_ != nullptr) XML_ParserFree(expat_);
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  ParseError parse(std::string_view token) {
    if (expat_ == nullptr) return ParseError::not_well_formed;
    if (XML_Parse(expat_, token.data(), static_cast<int>(token.size()), XML_FALSE) == XML_STATUS_ERROR &&
        error_ == ParseError::none) {
      error_ = XML_GetErrorCode(expat_) == XML_ERROR_UNDEFINED_ENTITY ? ParseError::restricted_xml
                                                                      : ParseError::not_well_formed;
    }
    return error_;
  }

  bool has_root() const { return opened_; }
  bool has_ended() const { return ended_; }
  // Between first-level elements.
  bool between() const { return opened_ && path_.empty(); }

 private:
  static void on_start(void* tree, const XML_Char* name, const XML_Char** attributes) {
    static_cast<Tree*>(tree)->start(name, attributes);
  }
  static void on_end(void* tree, const XML_Char*) { static_cast<Tree*>(tree)->end(); }
  static void on_text(void* tree, const XML_Char* text, int length) {
    static_cast<Tree*>(tree)->add_text({text, static_cast<std::size_t>(length)});
  }
  static void on_namespace(void* tree, const XML_Char* prefix, const XML_Char* uri) {
    auto& self = *static_cast<Tree*>(tree);
    if (!self.opened_ && prefix == nullptr) self.root_ns_ = uri == nullptr ? "" : uri;
  }
  static void on_declaration(void* tree, const XML_Char*, const XML_Char* encoding, int) {
    if (encoding == nullptr) return;
    std::string name = encoding;
    std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
    if (name != "UTF-8") static_cast<Tree*>(tree)->fail(ParseError::unsupported_encoding);
  }

  void start(const XML_Char* name, const XML_Char** attributes) {
    if (error_ != ParseError::none) return;
    if (!opened_) {
      opened_ = true;
      parser_.events_.on_open({make_element(name, attributes), root_ns_});
      return;
    }
    if (path_.size() >= static_cast<std::size_t>(std::max(parser_.limits_.depth, 1))) {
      fail(ParseError::too_deep);
      return;
    }
    path_.push_back(make_element(name, attributes));
  }

  void end() {
    if (error_ != ParseError::none) return;
    if (path_.empty()) {
      ended_ = true;
      parser_.events_.on_close();
      return;
    }
    Element element = std::move(path_.back());
    path_.pop_back();
    if (path_.empty()) {
      parser_.events_.on_element(std::move(element));
    } else {
      path_.back().add(std::move(element));
    }
  }

  void add_text(std::string_view text) {
    if (error_ != ParseError::none) return;
    if (!path_.empty()) {
      path_.back().add_text(text);
    } else if (!is_blank(text)) {
      fail(ParseError::bad_format);
    }
  }

  void fail(ParseError error) {
    if (error_ == ParseError::none) error_ = error;
    XML_StopParser(expat_, XML_FALSE);
  }

  Parser& parser_;
  XML_Parser expat_ = XML_ParserCreateNS("UTF-8", kSeparator);
  ParseError error_ = ParseError::none;
  bool opened_ = false;
  bool ended_ = false;
  std::string root_ns_;
  std::vector<Element> path_;  // the elements that are open, the first-level one first
};

Parser::Parser(Events& events, ParseLimits limits)
    : events_(events), limits_(limits), tree_(std::make_unique<Tree>(*this)) {}

Parser::~Parser() = default;

void Parser::reset(ParseLimits limits) {
  limits_ = limits;
  if (feeding_) {
    reset_ = true;  // expat cannot be freed while it calls us
  } else {
    start_over();
  }
}

void Parser::start_over() {
  tree_ = std::make_unique<Tree>(*this);
  scanner_.reset();
  stanza_bytes_ = 0;
  stopped_ = reset_ = false;
  error_ = ParseError::none;
}

ParseError Parser::feed(std::string_view bytes) {
  while (error_ == ParseError::none && !stopped_ && !bytes.empty()) {
    switch (scanner_.next(bytes)) {
      case TokenScanner::Found::restricted:
        error_ = ParseError::restricted_xml;
        break;
      case TokenScanner::Found::more_needed:
        if (stanza_bytes_ + scanner_.kept() > limits_.stanza_bytes) error_ = ParseError::too_big;
        break;
      case TokenScanner::Found::token:
        error_ = feed_token(scanner_.token());
        break;
    }
    if (reset_) start_over();
  }
  return error_;
}

ParseError Parser::feed_token(std::string_view token) {
  if (!tree_->has_root() && token.front() != '<') {  // expat would keep it, waiting for a name to end
    return is_blank(token) ? ParseError::none : ParseError::not_well_formed;
  }
  if (tree_->has_ended()) return is_blank(token) ? ParseError::none : ParseError::not_well_formed;
  stanza_bytes_ += token.size();
  if (stanza_bytes_ > limits_.stanza_bytes) return ParseError::too_big;
  feeding_ = true;
  const ParseError error = tree_->parse(token);
  feeding_ = false;
  if (tree_->between()) stanza_bytes_ = 0;
  return error;
}

namespace {

struct OneElement : Parser::Events {
  void on_open(const Parser::Root&) override {}
  void on_element(Element element) override { found.push_back(std::move(element)); }
  void on_close() override { closed = true; }
  std::vector<Element> found;
  bool closed = false;
};

}  // namespace

// A document is parsed as a stream of one element.
base::Result<Element> parse(std::string_view document, ParseLimits limits) {
  OneElement events;
  Parser parser(events, limits);
  const std::size_t declared = document.starts_with("<?xml ") ? document.find("?>") : std::string_view::npos;
  const std::size_t body = declared == std::string_view::npos ? 0 : declared + 2;
  ParseError error = parser.feed(document.substr(0, body));
  for (const std::string_view part : {std::string_view("<r>"), document.substr(body), std::string_view("</r>")}) {
    if (error == ParseError::none) error = parser.feed(part);
  }
  if (error == ParseError::none && (!events.closed || events.found.size() != 1)) error = ParseError::not_well_formed;
  if (error != ParseError::none) return base::bad_request(std::string(name_of(error)));
  return std::move(events.found.front());
}

}  // namespace xml
