#pragma once
// Cuts the bytes of an XML stream into whole tokens (a tag, a run of text, a reference, a CDATA section) before expat
// sees them. Expat rescans an unfinished token from its start at every call, so a peer that sends one huge tag byte by
// byte would cost quadratic time (CVE-2023-52425), and versions with the cure for that may hold a finished stanza back;
// given whole tokens it does neither. What XMPP forbids (DOCTYPE and its entities, processing instructions: RFC 6120
// §11.1) is refused here and never reaches expat; comments are tokens that the Parser judges.
//
//             ┌─────────── '<' ──────────► tag ◄──► quoted      ── '>' ──┐
//   text ─────┤                             └─► <! ─► CDATA     ── ']]>' ┤──► token
//             │                                 └► comment   ── '-->' ┤
//             ├─────────── '&' ──────────► reference            ── ';' ──┤
//             └─── up to the next '<' or '&', or the end of what is there ┘
//
// Owned by its Parser.

#include <cstdint>
#include <string>
#include <string_view>

namespace xml {

class TokenScanner {
 public:
  enum class Found { token, more_needed, restricted };

  // Takes bytes from the front of `bytes`. On `token` the token is in token() until the next call; on `more_needed`
  // `bytes` is empty and what has been seen of a token is kept.
  Found next(std::string_view& bytes);
  std::string_view token() const { return token_; }
  // Bytes of the unfinished token.
  std::size_t kept() const { return kept_.size(); }
  void reset() { *this = {}; }

 private:
  enum class State : std::uint8_t {
    text,
    tag_open,
    tag,
    single_quoted,
    double_quoted,
    bang,
    cdata,
    comment,
    declaration,
    reference
  };
  enum class Step : std::uint8_t { go_on, ends_with_this, ends_before_this, restricted };

  Step step(char c);
  Step step_tag(char c);
  Step step_bang(char c);
  Step step_comment(char c);

  State state_ = State::text;
  bool at_start_ = true;   // nothing but white space came yet: an XML declaration may
  std::size_t seen_ = 0;   // bytes of the current token
  std::size_t match_ = 0;  // progress in "<![CDATA[", "]]>" or "<?xml"
  std::string kept_;
  bool kept_is_token_ = false;
  std::string_view token_;
};

}  // namespace xml
