// Speech Recognition Grammar Specification 1.0 (W3C), XML form, mode dtmf, into an automaton.
//
// Each function adds what an element means in front of what follows it, `next`, and returns where that begins. A rule
// that refers to itself at its end thus finds the very state that it began with, and is a loop; one that refers to
// itself anywhere else is no business of an automaton and is refused.
#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <map>

#include "input/grammar.hpp"
#include "xml/parser.hpp"
#include "xml/prolog.hpp"

namespace input {
namespace {

using base::bad_request;
using base::Error;
using base::Kind;
using base::Result;
using State = Automaton::State;

constexpr std::string_view kSrgsNs = "http://www.w3.org/2001/06/grammar";
constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kLiterals = "semantics/1.0-literals";
constexpr int kDepth = 100;              // elements and references inside each other
constexpr std::size_t kSteps = 100'000;  // elements that are gone through, repetitions and references included

// For messages, built so that GCC 12 sees no overlap where there is none.
std::string quoted(std::string_view text) {
  std::string quoted(1, '\'');
  quoted.append(text.substr(0, 50));
  quoted += '\'';
  return quoted;
}
std::string named(const xml::Element& element) {
  std::string name(1, '<');
  name.append(element.name, 0, 50);
  name += "/>";
  return name;
}

struct Repeat {
  std::uint32_t least = 1;
  std::optional<std::uint32_t> most = 1;
};

// "4", "1-3", "2-".
Result<Repeat> read_repeat(std::string_view text) {
  const auto bad = [&] {
    return bad_request("repeat='" + std::string(text.substr(0, 50)) + "': expected a number, 2-4 or 2-");
  };
  const char* const end = text.data() + text.size();
  Repeat repeat;
  auto [at, error] = std::from_chars(text.data(), end, repeat.least);
  if (error != std::errc{}) return bad();
  repeat.most = repeat.least;
  if (at != end) {
    if (*at++ != '-') return bad();
    repeat.most.reset();
    if (at != end) {
      const auto [last, failed] = std::from_chars(at, end, repeat.most.emplace());
      if (failed != std::errc{} || last != end) return bad();
    }
  }
  if (repeat.most && *repeat.most < repeat.least) return bad();
  return repeat;
}

class Compiler {
 public:
  explicit Compiler(const xml::Element& root) : root_(root) {}
  Result<Grammar> compile();

 private:
  using Children = std::vector<std::variant<xml::Element, std::string>>;
  struct Rule {
    const xml::Element* element = nullptr;
    bool in_progress = false;
    std::map<State, State> done;  // what follows -> where it begins
  };

  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }
  bool go_on() const { return !error_ && !automaton_.is_too_large(); }
  void read_header();
  void read_rules();
  Rule* root_rule();
  void check_attributes(const xml::Element& element, std::initializer_list<std::string_view> known);

  State sequence(const xml::Element& parent, State next);
  State expansion(const xml::Element& element, State next);
  State item(const xml::Element& element, State next);
  State one_of(const xml::Element& element, State next);
  State reference(const xml::Element& element, State next);
  State special(const std::string& name, State next);
  State rule(const std::string& id, Rule& rule, State next);
  State tokens(std::string_view text, State next);

  const xml::Element& root_;
  Automaton automaton_;
  std::map<std::string, Rule, std::less<>> rules_;
  std::vector<std::string> order_;  // of the rules
  bool mode_given_ = false;
  bool literal_tags_ = false;
  int depth_ = 0;
  std::size_t steps_ = 0;
  std::optional<Error> error_;
};

Result<Grammar> Compiler::compile() {
  read_header();
  if (!error_) read_rules();
  Rule* const root = error_ ? nullptr : root_rule();
  State start = Automaton::kAccept;
  if (root != nullptr) start = rule(*root->element->attribute("id"), *root, Automaton::kAccept);
  // Rules that nothing refers to are judged too.
  for (const std::string& id : order_) {
    if (Rule& one = rules_.find(id)->second; go_on() && one.done.empty()) rule(id, one, Automaton::kAccept);
  }
  if (error_) return std::move(*error_);
  if (automaton_.is_too_large()) return too_large();
  automaton_.finish(start);
  return Grammar{std::move(automaton_), {}};
}

void Compiler::check_attributes(const xml::Element& element, std::initializer_list<std::string_view> known) {
  for (const xml::Attribute& attribute : element.attributes) {
    if (!attribute.ns.empty()) continue;  // xml:lang, xsi:schemaLocation
    bool found = false;
    for (const std::string_view one : known) found = found || one == attribute.name;
    if (!found) fail(bad_request(named(element) + " has no attribute " + quoted(attribute.name)));
  }
}

void Compiler::read_header() {
  // Clients of 2011 leave the namespace out, or the element has that of what it stands in.
  if (root_.name != "grammar" ||
      (root_.ns != kSrgsNs && !root_.ns.empty() && !root_.ns.starts_with("urn:xmpp:rayo:"))) {
    return fail(bad_request("the document is no SRGS grammar: its root is <" + root_.name.substr(0, 50) + "/>"));
  }
  check_attributes(root_, {"version", "mode", "root", "tag-format"});
  if (root_.attribute_or("version", "1.0") != "1.0") return fail(bad_request("the grammar's version is not 1.0"));
  const std::string* const mode = root_.attribute("mode");
  mode_given_ = mode != nullptr;
  if (mode_given_ && *mode == "voice") {
    return fail({Kind::not_supported, "a grammar of mode voice: there is no speech recognition", base::Fault::peer});
  }
  if (mode_given_ && *mode != "dtmf") return fail(bad_request("the grammar's mode is neither dtmf nor voice"));
  literal_tags_ = root_.attribute_or("tag-format", "") == kLiterals;
}

void Compiler::read_rules() {
  for (const xml::Element* child : root_.elements()) {
    constexpr std::array<std::string_view, 4> kMeansNothing = {"lexicon", "meta", "metadata", "tag"};
    if (std::ranges::find(kMeansNothing, child->name) != kMeansNothing.end()) continue;
    if (child->name != "rule") return fail(bad_request(named(*child) + " inside <grammar/>"));
    check_attributes(*child, {"id", "scope"});
    const std::string id = child->attribute_or("id", "");
    const std::string scope = child->attribute_or("scope", "private");
    if (id.empty() || id == "NULL" || id == "VOID" || id == "GARBAGE") {
      return fail(bad_request("a <rule/> without a fit id"));
    }
    if (scope != "private" && scope != "public") return fail(bad_request("a rule's scope is private or public"));
    if (!rules_.emplace(id, Rule{child, false, {}}).second) return fail(bad_request("two rules " + quoted(id)));
    order_.push_back(id);
  }
}

// XEP-0327's own example names none: then it is the first that is public, or the only one.
Compiler::Rule* Compiler::root_rule() {
  if (const std::string* root = root_.attribute("root")) {
    const auto found = rules_.find(*root);
    if (found != rules_.end()) return &found->second;
    fail(bad_request("the grammar's root " + quoted(*root) + " is none of its rules"));
    return nullptr;
  }
  for (const std::string& id : order_) {
    Rule& one = rules_.find(id)->second;
    if (one.element->attribute_or("scope", "") == "public" || order_.size() == 1) return &one;
  }
  fail(bad_request("the grammar names no root and has no public rule"));
  return nullptr;
}

State Compiler::sequence(const xml::Element& parent, State next) {
  if (++steps_ > kSteps) fail(too_large());
  if (++depth_ > kDepth) fail(bad_request("the grammar is nested more than " + std::to_string(kDepth) + " deep"));
  for (auto child = parent.children.rbegin(); child != parent.children.rend() && go_on(); ++child) {
    if (const auto* text = std::get_if<std::string>(&*child)) {
      next = tokens(*text, next);
    } else {
      next = expansion(std::get<xml::Element>(*child), next);
    }
  }
  --depth_;
  return next;
}

State Compiler::expansion(const xml::Element& element, State next) {
  if (element.name == "item") return item(element, next);
  if (element.name == "one-of") return one_of(element, next);
  if (element.name == "ruleref") return reference(element, next);
  if (element.name == "token") {
    check_attributes(element, {});
    return tokens(element.text(), next);
  }
  if (element.name == "tag") {
    check_attributes(element, {});
    return literal_tags_ ? automaton_.add_tag(element.text(), next) : next;
  }
  if (element.name == "example") return next;
  fail(bad_request(named(element) + " is unknown in a grammar"));
  return next;
}

State Compiler::item(const xml::Element& element, State next) {
  check_attributes(element, {"repeat", "repeat-prob", "weight"});
  const std::string* const given = element.attribute("repeat");
  if (given == nullptr) return sequence(element, next);
  const auto repeat = read_repeat(*given);
  if (!repeat) {
    fail(repeat.error());
    return next;
  }
  State begin = next;
  if (repeat->most) {
    for (std::uint32_t i = repeat->least; i < *repeat->most && go_on(); ++i) {
      begin = automaton_.add_choice(sequence(element, begin), next);
    }
  } else {
    begin = automaton_.add_open();
    const State body = sequence(element, begin);
    automaton_.connect(begin, body, next);
  }
  for (std::uint32_t i = 0; i < repeat->least && go_on(); ++i) begin = sequence(element, begin);
  return begin;
}

State Compiler::one_of(const xml::Element& element, State next) {
  check_attributes(element, {});
  State begin = Automaton::kNone;
  const auto items = element.elements();
  for (auto one = items.rbegin(); one != items.rend() && go_on(); ++one) {
    if ((*one)->name != "item") fail(bad_request(named(**one) + " inside <one-of/>"));
    const State first = item(**one, next);
    begin = begin == Automaton::kNone ? first : automaton_.add_choice(first, begin);
  }
  if (element.text().find_first_not_of(kSpace) != std::string::npos) fail(bad_request("text inside <one-of/>"));
  if (begin != Automaton::kNone) return begin;
  fail(bad_request("<one-of/> has no <item/>"));
  return next;
}

State Compiler::reference(const xml::Element& element, State next) {
  check_attributes(element, {"uri", "special", "type"});
  const std::string* const uri = element.attribute("uri");
  const std::string* const name = element.attribute("special");
  if ((uri == nullptr) == (name == nullptr)) {
    fail(bad_request("<ruleref/> has either 'uri' or 'special'"));
    return next;
  }
  if (name != nullptr) return special(*name, next);
  if (!uri->starts_with('#')) {
    const auto begin = add_builtin(automaton_, *uri, next);
    if (!begin) fail(begin.error());
    return begin ? *begin : next;
  }
  const auto found = rules_.find(std::string_view(*uri).substr(1));
  if (found == rules_.end()) {
    fail(bad_request("there is no rule " + quoted(*uri)));
    return next;
  }
  return rule(found->first, found->second, next);
}

State Compiler::special(const std::string& name, State next) {
  if (name == "NULL") return next;
  if (name == "VOID") return automaton_.add_open();
  if (name == "GARBAGE") return automaton_.add_keys(kAnyKey, 0, std::nullopt, next);
  fail(bad_request("there is no special rule " + quoted(name)));
  return next;
}

State Compiler::rule(const std::string& id, Rule& rule, State next) {
  if (const auto found = rule.done.find(next); found != rule.done.end()) return found->second;
  if (rule.in_progress) {
    fail(bad_request("the rule " + quoted(id) + " refers to itself, and not at its end"));
    return next;
  }
  const State begin = automaton_.add_open();
  rule.done[next] = begin;
  rule.in_progress = true;
  const State body = sequence(*rule.element, next);
  rule.in_progress = false;
  automaton_.connect(begin, body);
  return begin;
}

// Keys, with or without white space and quotes around them.
State Compiler::tokens(std::string_view text, State next) {
  for (std::size_t i = text.size(); i-- > 0 && go_on();) {
    if (kSpace.find(text[i]) != std::string_view::npos || text[i] == '"') continue;
    if (const auto key = to_key(text[i])) {
      next = automaton_.add_keys(set_of(*key), next);
      continue;
    }
    const std::string what = quoted(text) + " is made of other things than 0-9 * # A-D";
    if (mode_given_) {
      fail(bad_request(what));
    } else {  // the mode that SRGS takes for granted is voice
      fail({Kind::not_supported, what + ": there is no speech recognition", base::Fault::peer});
    }
  }
  return next;
}

}  // namespace

Result<Grammar> read_srgs(const xml::Element& root) { return Compiler(root).compile(); }

Result<Grammar> read_srgs(std::string_view document) {
  const auto root = xml::parse(xml::without_prolog(document));
  if (!root) return bad_request("the grammar is no XML that can be read: " + root.error().text);
  return read_srgs(*root);
}

}  // namespace input
