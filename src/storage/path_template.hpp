#pragma once
// Where a piece goes below a root: "{date}/{from}/{name}". What stands in braces is replaced by what is known of the
// recording, made harmless first: a value is one segment or part of one, never "." or "..", never a slash. Pure.
//
//   {date} 2026-11-23  {year} {month} {day} {hour}  all UTC     {call} {component} {account} {from} {to} {format}
//   {name} the piece's name   {stem} {ext} its two parts
//
// A template must hold {name}, or {stem} and {ext}: else two recordings could come to the same place.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "storage/stores/store.hpp"

namespace storage {

class PathTemplate {
 public:
  // bad_request says what is wrong with it: an unknown word, no name, absolute, "..", an empty segment.
  static base::Result<PathTemplate> parse(const std::string& text);

  // A relative path of plain segments (letters, digits, what the template says).
  std::string path(const About& about, const Piece& piece) const;

 private:
  explicit PathTemplate(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

// The same words in text that is no path (a tag, a header): values as they are, without control characters.
std::string filled(std::string_view text, const About& about, const Piece& piece);
// The word that filled() would not know; empty if it knows them all.
std::string unknown_word(std::string_view text);

// RFC 3986: everything but unreserved characters as %XX; slashes stay.
std::string path_encoded(std::string_view path);
// Back; a '%' that nothing of the kind follows stays as it is.
std::string path_decoded(std::string_view encoded);

}  // namespace storage
