#include "record/sidecar.hpp"

#include <array>

#include <nlohmann/json.hpp>

#include "base/utc.hpp"
#include "seal/seal_text.hpp"
#include "seal/sealer.hpp"

namespace record {
namespace {

using Json = nlohmann::ordered_json;

// "send, recv" as a list.
Json channels(const std::string& text) {
  Json list = Json::array();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(", ", at), text.size());
    list.push_back(text.substr(at, comma - at));
    at = comma + 2;
  }
  return list;
}

Json milliseconds(const Stats& stats) {
  const auto ms = [&](std::uint64_t samples) { return stats.rate == 0 ? 0 : samples * 1000 / stats.rate; };
  return {{"repaired", ms(stats.repaired_samples)},   {"lost", ms(stats.lost_samples)},
          {"silent", ms(stats.silent_samples)},       {"noise", ms(stats.noise_samples)},
          {"held", ms(stats.held_samples)},           {"paused", ms(stats.paused_samples)},
          {"overrun", ms(stats.overrun_samples)},     {"late", ms(stats.late_samples)},
          {"duplicate", ms(stats.duplicate_samples)}, {"adjusted", ms(stats.adjusted_samples)}};
}

Json packets(const Stats& stats) {
  return {{"received", stats.packets_received},
          {"lost", stats.packets_lost},
          {"late", stats.packets_late},
          {"duplicate", stats.packets_duplicate}};
}

Json map(const SpanMap& map) {
  Json list = Json::array();
  for (const Span& span : map.spans()) {
    list.push_back({{"kind", name_of(span.kind)}, {"at", span.at}, {"length", span.length}, {"skipped", span.skipped}});
  }
  return list;
}

// Of what the file holds.
Json milliseconds(const SpanMap& map) {
  std::array<std::uint64_t, kKinds> samples{};
  for (const Span& span : map.spans()) samples[static_cast<std::size_t>(span.kind)] += span.length;
  Json json = Json::object();
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    if (static_cast<Kind>(kind) == Kind::received) continue;
    json[std::string(name_of(static_cast<Kind>(kind)))] = samples[kind] * 1000 / map.rate();
  }
  return json;
}

Json participants(const std::vector<ParticipantFacts>& all) {
  Json list = Json::array();
  for (const ParticipantFacts& one : all) {
    Json& json = list.emplace_back(Json{{"id", one.who.id}, {"name", one.who.name}, {"uri", one.who.uri}});
    if (one.channel) json["channel"] = *one.channel;
    if (!one.file.empty()) {
      json["file"] = one.file;
      json["size"] = one.size;
    }
    if (!one.error.empty()) json["error"] = one.error;
    for (const KeptPart& part : one.parts) json["parts"].push_back({{"file", part.file}, {"at", part.at}});
    json["present"] = Json::array();
    for (const Span& span : one.present) json["present"].push_back({{"at", span.at}, {"length", span.length}});
    json["packets"] = packets(one.stats);
    json["milliseconds"] = milliseconds(one.map);
    json["map"] = map(one.map);
    json["map_complete"] = one.map.is_complete();
  }
  return list;
}

}  // namespace

std::chrono::milliseconds duration_of(const Facts& facts) {
  return std::chrono::milliseconds(facts.samples * 1000 / facts.audio.rate);
}

std::string sidecar_text(const Facts& facts, const std::string& file_name) {
  Json json = {{"file", file_name},
               {"format", facts.format},
               {"encoding", facts.encoding},
               {"call", facts.tags.call_id},
               {"component", facts.tags.component_id},
               {"from", facts.tags.from},
               {"to", facts.tags.to},
               {"started", base::utc_text(facts.tags.began)},
               {"sample_rate", facts.audio.rate},
               {"channels", channels(facts.tags.channels)},
               {"samples", facts.samples},
               {"duration_ms", duration_of(facts).count()},
               {"size", facts.size},
               {"reason", name_of(facts.reason)},
               {"error", facts.error},
               {"software", facts.tags.software},
               {"packets", packets(facts.stats)},
               {"milliseconds", milliseconds(facts.stats)}};
  if (facts.encoding.empty()) json.erase("encoding");
  if (facts.error.empty()) json.erase("error");
  if (facts.loudness) {
    Json& loudness = json["loudness"];
    // JSON has no minus infinity: nothing there means silence.
    loudness["measured_lufs"] = facts.loudness->lufs ? Json(*facts.loudness->lufs) : Json();
    loudness["true_peak_dbtp"] = facts.loudness->true_peak_db ? Json(*facts.loudness->true_peak_db) : Json();
    loudness["gain_db"] = facts.loudness->gain_db;
  }
  if (!facts.parts.empty()) json["parts"] = facts.parts;
  if (!facts.participants.empty()) json["participants"] = participants(facts.participants);
  json["map"] = map(facts.map);
  json["map_complete"] = facts.map.is_complete();
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

base::Result<std::string> sidecar_content(const Facts& facts, const std::string& file_name) {
  std::string text = sidecar_text(facts, file_name);
  if (facts.encrypt_to.empty()) return text;
  return seal::seal_text(facts.encrypt_to, text);
}

std::string sidecar_extension(const Facts& facts) {
  return facts.encrypt_to.empty() ? ".json" : ".json" + std::string(seal::kExtension);
}

}  // namespace record
