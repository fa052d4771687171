#pragma once
// What can be told of spool files by their names alone, where a journal is missing or does not name them:
//
//   <time>-<call>-<record>.mp3.part                the recording itself, or its first part
//   …-master.wav.part   …-part2.wav.part           the same, kept lossless; how it went on
//   …-visit3.wav.part   …-visit3-part2.wav.part    a participant of a conference
//   …-final.mp3.part    ….json.part                products: made of the others
//   <time>-<call>-<record>.mp3.sealed.part         the recording itself, encrypted
//
// Pure functions.

#include <span>
#include <string>
#include <string_view>

#include "record/story.hpp"

namespace record {

bool is_product(std::string_view file);

// Adds those of `files` that no track has, where they belong; and, where the story is not known, what the stem says:
// when it began, and the ids.
void take_unlisted(Story& story, const std::string& stem, std::span<const std::string> files);

}  // namespace record
