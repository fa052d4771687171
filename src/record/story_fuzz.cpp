// Journals of arbitrary bytes, as they are and with each line's checksum made right, so that what is inside of the
// lines is read, too. Whatever is read keeps to what the rest of the program takes for granted.
#include <cstdlib>
#include <string>

#include "record/journal.hpp"
#include "record/story.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const record::Story& story) {
  for (const record::StoryTrack& track : story.tracks) {
    std::uint64_t end = 0;
    for (const record::Span& span : track.map.spans()) {
      require(span.at >= end && span.at + span.length <= track.map.samples());
      end = span.at + span.length;
    }
    for (const record::StoryPart& part : track.parts) {
      require(!part.file.empty() && part.file.find('/') == std::string::npos && part.file != "..");
      require(part.audio.rate > 0 && part.audio.channels > 0);
    }
    record::SpanMap map = track.map;  // what recovery does with it
    map.change_rate(48000);
    map.cut(1000);
    map.extend_unknown(2000);
    require(map.samples() == 2000);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check(record::read_story(text));
  std::string summed;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    summed += record::journal_line(line.size() > 9 && line[8] == ' ' ? line.substr(9) : line);
    at = end + 1;
  }
  check(record::read_story(summed));
  return 0;
}
