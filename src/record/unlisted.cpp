#include "record/unlisted.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <map>
#include <tuple>

#include "seal/sealer.hpp"

namespace record {
namespace {

// The number behind `name`, anywhere in the text; 0: there is none.
int number_behind(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return 0;
  int number = 0;
  std::from_chars(text.data() + at + name.size(), text.data() + text.size(), number);
  return number;
}

const Format* format_of(std::string_view extension) {
  const auto all = formats();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Format* format) { return format->extension() == extension; });
  return found == all.end() ? nullptr : *found;
}

// "20261123T002318Z-<call>-<component>"
void take_stem(Story& story, const std::string& stem) {
  std::tm utc{};
  if (::strptime(stem.c_str(), "%Y%m%dT%H%M%SZ", &utc) != nullptr) {
    story.began = std::chrono::system_clock::from_time_t(::timegm(&utc));
  }
  const std::size_t call = stem.find('-');
  if (call == std::string::npos) return;
  const std::size_t component = stem.find('-', call + 1);
  story.request.call_id = stem.substr(call + 1, component == std::string::npos ? component : component - call - 1);
  if (component == std::string::npos) return;
  const std::size_t end = stem.find('-', component + 1);
  story.request.component_id = stem.substr(component + 1, end == std::string::npos ? end : end - component - 1);
}

}  // namespace

bool is_product(std::string_view file) {
  if (file.ends_with(".json.part")) return true;
  constexpr std::string_view kFinal = "-final";
  const std::string_view stem = file.substr(0, file.find('.'));
  const std::size_t at = stem.rfind(kFinal);
  return at != std::string_view::npos &&
         stem.find_first_not_of("0123456789-", at + kFinal.size()) == std::string_view::npos;
}

void take_unlisted(Story& story, const std::string& stem, std::span<const std::string> files) {
  if (!story.is_known) take_stem(story, stem);
  struct Found {
    int visit, part;
    std::string file;
  };
  std::vector<Found> found;
  for (const std::string& file : files) {
    const bool is_listed = std::ranges::any_of(story.tracks, [&](const StoryTrack& track) {
      return std::ranges::any_of(track.parts, [&](const StoryPart& part) { return part.file == file; });
    });
    if (is_listed || is_product(file)) continue;
    const std::string_view rest = std::string_view(file).substr(std::min(stem.size(), file.size()));
    found.push_back({number_behind(rest, "-visit"), number_behind(rest, "-part"), file});
  }
  std::ranges::sort(found, [](const Found& a, const Found& b) {
    return std::tie(a.visit, a.part, a.file) < std::tie(b.visit, b.part, b.file);
  });
  if (story.tracks.empty()) story.tracks.emplace_back();
  std::map<int, std::size_t> visits;  // which track each is
  for (const Found& one : found) {
    std::size_t track = 0;
    if (one.visit > 0) {
      const auto [place, is_new] = visits.emplace(one.visit, story.tracks.size());
      if (is_new) story.tracks.emplace_back();
      track = place->second;
      story.tracks[track].who = Participant{"visit" + std::to_string(one.visit), {}, {}};
    }
    std::string name = one.file.substr(0, one.file.size() - std::string_view(".part").size());
    if (name.ends_with(seal::kExtension)) name.resize(name.size() - seal::kExtension.size());
    const std::size_t dot = name.rfind('.');
    const std::string extension = dot == std::string::npos ? std::string() : name.substr(dot + 1);
    const Format* format = format_of(extension);
    StoryPart part{one.file, format != nullptr ? std::string(format->name()) : extension, {}, {}};
    if (story.is_known && part.format == story.request.settings.format) part.hints = story.request.settings.hints;
    story.tracks[track].parts.push_back(std::move(part));
  }
}

}  // namespace record
