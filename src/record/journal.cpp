#include "record/journal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/crc32.hpp"
#include "base/log.hpp"

namespace record {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json list_of(std::span<const Hint> hints) {
  Json list = Json::array();
  for (const Hint& hint : hints) list.push_back({hint.name, hint.value});
  return list;
}

// A map is written once a second for each recording: by hand, a library takes more time than the disk.
void add(std::string& line, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  line.append(digits.data(), end);
}

void add(std::string& line, std::string_view name, std::uint64_t number) {
  line.append(name);
  add(line, number);
}

std::size_t same_at_the_beginning(std::span<const Span> written, std::span<const Span> now) {
  return static_cast<std::size_t>(std::ranges::mismatch(written, now).in1 - written.begin());
}

// Those behind the `same` that were written already.
void add_news(std::string& line, std::vector<Span>& written, std::span<const Span> now, std::size_t same) {
  written.resize(same);
  for (const Span& span : now.subspan(same)) {
    add(line, written.size() == same ? "[" : ",[", static_cast<std::uint64_t>(span.kind));
    add(line, ",", span.at);
    add(line, ",", span.length);
    add(line, ",", span.skipped);
    line += ']';
    written.push_back(span);
  }
}

}  // namespace

std::string journal_line(std::string_view json) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const std::uint32_t crc = base::crc32(json);
  std::string line;
  line.reserve(json.size() + 10);
  for (unsigned shift = 32; shift > 0; shift -= 4) line += kHex[crc >> (shift - 4) & 15U];
  line += ' ';
  line += json;
  line += '\n';
  return line;
}

base::Result<std::unique_ptr<Journal>> Journal::open(const storage::Spool& spool, const std::string& stem) {
  // One that is being delivered has no journal any more, and its name all the same.
  std::string free = stem;
  std::error_code unknown;
  for (int number = 2; std::filesystem::exists(spool.directory() / (free + ".delivery"), unknown); ++number) {
    free = stem + "-" + std::to_string(number);
  }
  auto file = spool.create_whole(free, "journal");
  if (!file) return std::move(file.error());
  // Nobody else has seen this file yet. Where locks are not known a journal that grows is told by its process alone.
  [[maybe_unused]] const int ignored = ::flock(file->fd.get(), LOCK_EX | LOCK_NB);
  return std::unique_ptr<Journal>(new Journal(std::move(file->fd), std::move(file->path), std::move(file->stem)));
}

void Journal::append(const std::string& json) {
  // One write, so that a line of another is never inside of it; and behind what may be torn, a line of its own.
  const std::string line = (torn_ ? "\n" : "") + journal_line(json);
  const ssize_t written = ::write(fd_.get(), line.data(), line.size());
  torn_ = written != static_cast<ssize_t>(line.size());
  if (!torn_ || has_complained_) return;
  has_complained_ = true;
  base::log::warn("record", "{}: cannot be written: {}", path_.string(),
                  std::generic_category().message(written < 0 ? errno : ENOSPC));
}

void Journal::opened(const Request& asked, const Settings& settings, std::chrono::system_clock::time_point began) {
  is_sealed_ = !settings.encrypt_to.empty();
  const Request request = disclosed(asked);
  Json json = {{"what", "opened"},
               {"call", request.call_id},
               {"component", request.component_id},
               {"client", request.client},
               {"account", request.account},
               {"headers", request.headers},
               {"from", request.from},
               {"to", request.to},
               {"began", std::chrono::duration_cast<std::chrono::milliseconds>(began.time_since_epoch()).count()},
               {"rate", request.rate},
               {"format", settings.format},
               {"direction", static_cast<int>(settings.direction)},
               {"mix", settings.mix},
               {"mixer", settings.on_mixer},
               {"tracks", static_cast<int>(settings.tracks)},
               {"pause", static_cast<int>(settings.pause)},
               {"double_pass", settings.double_pass},
               {"exact_mulaw", settings.exact_mulaw},
               {"hints", list_of(settings.hints)}};
  if (settings.sample_rate) json["sample_rate"] = *settings.sample_rate;
  for (const seal::Recipient& key : settings.encrypt_to) json["encrypt_to"].push_back(key.text());
  append(text_of(json));
}

int Journal::track_opened(base::Time now, const Participant* who) {
  const auto number = static_cast<int>(maps_.size());
  maps_.emplace_back();
  Json json = {{"what", "track"}, {"track", number}, {"start", now.time_since_epoch().count()}};
  if (who != nullptr) {
    json["id"] = who->id;
    json["name"] = who->name;
    json["uri"] = who->uri;
  }
  append(text_of(json));
  return number;
}

void Journal::part_opened(int track, const std::string& file, std::string_view format, const AudioFormat& audio,
                          std::span<const Hint> hints) {
  append(text_of({{"what", "part"},
                  {"track", track},
                  {"file", file},
                  {"format", format},
                  {"rate", audio.rate},
                  {"channels", audio.channels},
                  {"hints", list_of(hints)}}));
}

void Journal::started(int track, base::Time start) {
  append(text_of({{"what", "start"}, {"track", track}, {"start", start.time_since_epoch().count()}}));
}

void Journal::mapped(int track, const SpanMap& map) {
  Written& written = maps_[static_cast<std::size_t>(track)];
  const std::size_t spans = same_at_the_beginning(written.spans, map.spans());
  const std::size_t skips = same_at_the_beginning(written.skips, map.skips());
  const auto is_all = [](std::size_t same, const auto& first, const auto& second) {
    return same == first.size() && same == second.size();
  };
  const bool are_same = written.rate == map.rate() && is_all(spans, written.spans, map.spans()) &&
                        is_all(skips, written.skips, map.skips());
  // Where nothing but audio came there is nothing to say, but now and then how far that is known: how long a file is
  // that cannot be read again is known from here only.
  const std::uint64_t interval = is_sealed_ ? map.rate() / 2 : std::uint64_t{2} * map.rate();
  if (are_same && map.samples() < written.samples + interval) return;
  written.rate = map.rate();
  written.samples = map.samples();
  std::string json;
  json.reserve(256);
  add(json, R"({"what":"map","track":)", static_cast<std::uint64_t>(track));
  add(json, R"(,"line":)", ++written.lines);
  add(json, R"(,"rate":)", map.rate());
  add(json, R"(,"samples":)", map.samples());
  json += map.is_complete() ? R"(,"complete":true)" : R"(,"complete":false)";
  add(json, R"(,"keep":)", spans);
  json += R"(,"spans":[)";
  add_news(json, written.spans, map.spans(), spans);
  add(json, R"(],"keep_skips":)", skips);
  json += R"(,"skips":[)";
  add_news(json, written.skips, map.skips(), skips);
  json += "]}";
  append(json);
}

void Journal::ended(EndReason reason, const std::string& error, const Stats& stats) {
  append(text_of({{"what", "ended"},
                  {"reason", static_cast<int>(reason)},
                  {"error", error},
                  {"stats",
                   {stats.rate, stats.samples, stats.paused_samples, stats.repaired_samples, stats.lost_samples,
                    stats.silent_samples, stats.noise_samples, stats.held_samples, stats.overrun_samples,
                    stats.late_samples, stats.duplicate_samples, stats.adjusted_samples, stats.packets_received,
                    stats.packets_lost, stats.packets_late, stats.packets_duplicate}},
                  {"no_media", stats.no_media_at_start}}));
}

void Journal::told() { append(text_of({{"what", "told"}})); }

void Journal::remove() { ::unlink(path_.c_str()); }

}  // namespace record
