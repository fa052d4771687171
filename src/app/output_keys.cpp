// [output]: what clients may have played, and how text becomes speech.
#include <filesystem>

#include "app/config_keys.hpp"
#include "app/config_values.hpp"

namespace app {
namespace {

constexpr std::int64_t kMegabyte = 1'000'000;

bool is_absolute(std::string_view text) { return std::filesystem::path(text).is_absolute(); }
bool is_anything(std::string_view) { return true; }

bool is_empty_list(const toml::node& node) { return node.is_array() && node.as_array()->empty(); }

bool take_roots(std::vector<std::filesystem::path>& place, const toml::node& node) {
  std::vector<std::string> taken;
  if (!is_empty_list(node) && !take_list(taken, node, is_absolute)) return false;
  place.assign(taken.begin(), taken.end());
  return true;
}

// A program and its arguments; an empty list: there is none.
bool take_command(std::vector<std::string>& place, const toml::node& node) {
  std::vector<std::string> taken;
  if (!is_empty_list(node) && (!take_list(taken, node, is_anything) || taken.front().empty())) return false;
  place = std::move(taken);
  return true;
}

bool take_megabytes(std::uint64_t& place, const toml::node& node, std::int64_t most) {
  if (!take_integer(place, node, 1, most)) return false;
  place *= kMegabyte;
  return true;
}

// 1 s and more: nothing can be fetched or spoken in no time.
bool take_limit(std::chrono::milliseconds& place, const toml::node& node) {
  std::chrono::milliseconds taken{0};
  if (!take_seconds(taken, node, 120) || taken.count() < 1000) return false;
  place = taken;
  return true;
}

std::string megabytes(std::uint64_t bytes) { return std::to_string(bytes / kMegabyte); }

std::vector<std::string> as_strings(const std::vector<std::filesystem::path>& paths) {
  return {paths.begin(), paths.end()};
}

}  // namespace

std::vector<Key> output_keys() {
  using toml::node;
  return {
      {"output", "files",
       "directories below which clients may have files played (file:); our recordings they always may",
       [](Config& c, const node& n) { return take_roots(c.output.roots, n); }, "a list of absolute directory names",
       [](const Config& c) { return list_of(as_strings(c.output.roots)); }},
      {"output", "http", "clients may have played what this server can reach by http: and https:",
       [](Config& c, const node& n) { return take_boolean(c.output.fetching.http, n); }, "true or false",
       [](const Config& c) { return std::string(c.output.fetching.http ? "true" : "false"); }},
      {"output", "max-size", "megabytes; what is larger is not fetched",
       [](Config& c, const node& n) { return take_megabytes(c.output.fetching.max_bytes, n, 10000); },
       "a whole number of megabytes, 1 to 10000",
       [](const Config& c) { return megabytes(c.output.fetching.max_bytes); }},
      {"output", "fetch-timeout", "seconds that a server has for one document",
       [](Config& c, const node& n) { return take_limit(c.output.fetching.timeout, n); },
       "a number of seconds from 1 to 120, or a string like \"1500ms\" or \"10s\"",
       [](const Config& c) { return seconds_text(c.output.fetching.timeout); }},
      {"output", "cache", "where what was fetched or spoken is kept; without it cache/ in the data directory",
       [](Config& c, const node& n) {
         std::string text;
         if (!take_path(text, n)) return false;
         c.output.cache = text;
         return true;
       },
       "a directory name, as a string", [](const Config& c) { return string_or_nothing(c.output.cache.string()); }},
      {"output", "cache-size", "megabytes; what was used longest ago goes first",
       [](Config& c, const node& n) { return take_megabytes(c.output.cache_bytes, n, 1000000); },
       "a whole number of megabytes, 1 to 1000000", [](const Config& c) { return megabytes(c.output.cache_bytes); }},
      {"output", "tts",
       "the speech engine, run once for each text: text on its standard input, WAV in {file} or on its standard "
       "output; {voice}, {language}; []: none",
       [](Config& c, const node& n) { return take_command(c.output.speech.command, n); },
       "a program and its arguments, as a list of strings",
       [](const Config& c) { return list_of(c.output.speech.command); }},
      {"output", "tts-input", "what it reads: \"ssml\" (plain text comes as SSML too) or \"text\"",
       [](Config& c, const node& n) {
         using play::SpeechInput;
         return take_choice<SpeechInput>(c.output.speech.input, n,
                                         {{"ssml", SpeechInput::ssml}, {"text", SpeechInput::text}});
       },
       "\"ssml\" or \"text\"",
       [](const Config& c) { return toml_string(c.output.speech.input == play::SpeechInput::ssml ? "ssml" : "text"); }},
      {"output", "voice", "{voice} where a client names none",
       [](Config& c, const node& n) { return take_path(c.output.speech.voice, n); }, "a voice of the speech engine",
       [](const Config& c) { return toml_string(c.output.speech.voice); }},
      {"output", "language", "{language} where a document names none",
       [](Config& c, const node& n) { return take_path(c.output.speech.language, n); }, "a language tag, like \"en\"",
       [](const Config& c) { return toml_string(c.output.speech.language); }},
      {"output", "tts-timeout", "seconds that it has for one text",
       [](Config& c, const node& n) { return take_limit(c.output.speech.timeout, n); },
       "a number of seconds from 1 to 120, or a string like \"1500ms\" or \"10s\"",
       [](const Config& c) { return seconds_text(c.output.speech.timeout); }},
  };
}

}  // namespace app
