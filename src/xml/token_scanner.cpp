#include "xml/token_scanner.hpp"

namespace xml {
namespace {

constexpr std::string_view kCdata = "<![CDATA[";
constexpr std::string_view kComment = "<!--";
constexpr std::string_view kDeclaration = "<?xml";

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

TokenScanner::Found TokenScanner::next(std::string_view& bytes) {
  if (kept_is_token_) {
    kept_.clear();
    kept_is_token_ = false;
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const Step step = this->step(bytes[i]);
    if (step == Step::restricted) return Found::restricted;
    if (step == Step::go_on) {
      ++seen_;
      continue;
    }
    const std::size_t taken = step == Step::ends_with_this ? i + 1 : i;
    if (kept_.empty()) {
      token_ = bytes.substr(0, taken);
    } else {
      kept_ += bytes.substr(0, taken);
      kept_is_token_ = true;
      token_ = kept_;
    }
    bytes.remove_prefix(taken);
    seen_ = match_ = 0;
    state_ = State::text;
    return Found::token;
  }
  if (state_ == State::text && !bytes.empty()) {  // text need not be whole
    token_ = bytes;
    bytes = {};
    seen_ = 0;
    return Found::token;
  }
  kept_ += bytes;
  bytes = {};
  return Found::more_needed;
}

TokenScanner::Step TokenScanner::step(char c) {
  switch (state_) {
    case State::text:
      if (c == '<' || c == '&') {
        if (seen_ > 0) return Step::ends_before_this;
        state_ = c == '<' ? State::tag_open : State::reference;
      } else if (!is_space(c)) {
        at_start_ = false;
      }
      return Step::go_on;
    case State::reference:
      if (c == '<' || c == '&') return Step::ends_before_this;  // malformed, which expat will say
      return c == ';' ? Step::ends_with_this : Step::go_on;
    case State::tag_open:
      if (c == '!') {
        state_ = State::bang;
        match_ = 2;
        return Step::go_on;
      }
      if (c == '?') {
        if (!at_start_) return Step::restricted;
        state_ = State::declaration;
        match_ = 2;
        return Step::go_on;
      }
      at_start_ = false;
      state_ = State::tag;
      return step_tag(c);
    case State::tag:
      return step_tag(c);
    case State::single_quoted:
      if (c == '\'') state_ = State::tag;
      return Step::go_on;
    case State::double_quoted:
      if (c == '"') state_ = State::tag;
      return Step::go_on;
    case State::bang:
    case State::cdata:
    case State::comment:
    case State::declaration:
      return step_bang(c);
  }
  return Step::go_on;
}

TokenScanner::Step TokenScanner::step_tag(char c) {
  if (c == '>') return Step::ends_with_this;
  if (c == '<') return Step::ends_before_this;  // malformed, which expat will say
  if (c == '\'') state_ = State::single_quoted;
  if (c == '"') state_ = State::double_quoted;
  return Step::go_on;
}

// Behind "<!-": the second dash, then up to "-->". The dashes that open it close nothing: match_ is 1 behind them.
TokenScanner::Step TokenScanner::step_comment(char c) {
  if (match_ == 0) {
    match_ = 1;
    return c == '-' ? Step::go_on : Step::restricted;
  }
  if (c == '>' && match_ >= 3) return Step::ends_with_this;
  match_ = c == '-' ? match_ + 1 : 1;
  return Step::go_on;
}

// Everything that starts with <! or <?.
TokenScanner::Step TokenScanner::step_bang(char c) {
  if (state_ == State::bang && match_ == kComment.size() - 2 && c == '-') {
    state_ = State::comment;
    at_start_ = false;
    match_ = 0;
    return Step::go_on;
  }
  if (state_ == State::comment) return step_comment(c);
  if (state_ == State::bang) {
    if (c != kCdata[match_]) return Step::restricted;
    if (++match_ == kCdata.size()) {
      state_ = State::cdata;
      at_start_ = false;
      match_ = 0;
    }
    return Step::go_on;
  }
  if (state_ == State::cdata) {
    if (c == '>' && match_ >= 2) return Step::ends_with_this;
    match_ = c == ']' ? match_ + 1 : 0;
    return Step::go_on;
  }
  if (match_ < kDeclaration.size()) {
    return c == kDeclaration[match_++] ? Step::go_on : Step::restricted;
  }
  if (match_ == kDeclaration.size()) {  // <?xml-stylesheet is none
    match_ = kDeclaration.size() + 1;
    return is_space(c) ? Step::go_on : Step::restricted;
  }
  if (c == '>' && match_ == kDeclaration.size() + 2) {
    at_start_ = false;
    return Step::ends_with_this;
  }
  match_ = kDeclaration.size() + (c == '?' ? 2 : 1);
  return Step::go_on;
}

}  // namespace xml
