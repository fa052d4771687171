#include "storage/delivery_entry.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "storage/file_name.hpp"

namespace storage {
namespace {

using Json = nlohmann::ordered_json;
using State = DeliveryEntry::State;
using std::chrono::milliseconds;

constexpr int kVersion = 1;
constexpr int kMostAttempts = 1'000'000'000;

std::int64_t count(WallTime time) { return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count(); }
WallTime wall_time(std::int64_t count) {
  // Years 1970 to 2200: the clock counts nanoseconds, and no arithmetic on it is to overflow.
  constexpr std::int64_t kLast = 7'258'118'400'000;
  return WallTime(milliseconds(std::clamp<std::int64_t>(count, 0, kLast)));
}

// Throws where it is none, or has a fraction.
std::int64_t integer(const Json& json) { return json.get_ref<const std::int64_t&>(); }

bool is_file_name(const std::string& name) {
  const bool good = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
           c == '.';
  });
  return good && !name.empty() && name.size() < 250 && name.front() != '.';
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Json pieces(const std::vector<Piece>& all) {
  Json list = Json::array();
  for (const Piece& one : all) {
    Json json = {{"name", one.name}, {"size", one.size}, {"sha256", one.sha256}, {"type", one.content_type}};
    const std::string file = one.path.filename().string();
    if (file != one.name) json["file"] = file;
    list.push_back(std::move(json));
  }
  return list;
}

const char* name_of(State state) {
  return state == State::stored ? "stored" : state == State::spoiled ? "spoiled" : "waiting";
}
State state_of(const std::string& name) {
  return name == "stored" ? State::stored : name == "spoiled" ? State::spoiled : State::waiting;
}

// Throws what nlohmann throws for what is missing or of the wrong type.
DeliveryEntry read(const Json& json, const std::filesystem::path& spool) {
  DeliveryEntry entry;
  About& about = entry.item.about;
  about.id = json.at("id");
  about.call_id = json.at("call");
  about.component_id = json.at("component");
  about.account = json.at("account");
  about.from = json.at("from");
  about.to = json.at("to");
  about.format = json.at("format");
  about.began = wall_time(integer(json.at("began")));
  about.duration = milliseconds(integer(json.at("duration")));
  for (const Json& one : json.at("pieces")) {
    const std::string name = one.at("name");
    entry.item.pieces.push_back({spool / one.value("file", name), name,
                                 static_cast<std::uint64_t>(integer(one.at("size"))), one.at("sha256"),
                                 one.at("type")});
  }
  entry.item.attempt = static_cast<int>(std::clamp<std::int64_t>(integer(json.at("attempt")), 0, kMostAttempts));
  entry.stores = json.at("stores").get<std::vector<std::string>>();
  entry.state = state_of(json.at("state").get<std::string>());
  entry.spooled = wall_time(integer(json.at("spooled")));
  entry.next = wall_time(integer(json.at("next")));
  entry.error = json.value("error", "");
  entry.uri = json.value("uri", "");
  entry.store = json.value("store", "");
  entry.file = json.value("file", "");
  entry.stored = wall_time(json.contains("stored") ? integer(json.at("stored")) : 0);
  if (json.contains("notes")) entry.notes = json.at("notes").get<std::map<std::string, std::string>>();
  entry.is_told = json.value("told", false);
  return entry;
}

}  // namespace

std::string entry_text(const DeliveryEntry& entry) {
  const About& about = entry.item.about;
  Json json = {{"version", kVersion},
               {"id", about.id},
               {"state", name_of(entry.state)},
               {"call", about.call_id},
               {"component", about.component_id},
               {"account", about.account},
               {"from", about.from},
               {"to", about.to},
               {"format", about.format},
               {"began", count(about.began)},
               {"duration", about.duration.count()},
               {"pieces", pieces(entry.item.pieces)},
               {"stores", entry.stores},
               {"attempt", entry.item.attempt},
               {"spooled", count(entry.spooled)},
               {"next", count(entry.next)}};
  if (!entry.error.empty()) json["error"] = entry.error;
  if (!entry.notes.empty()) json["notes"] = entry.notes;
  if (entry.is_told) json["told"] = true;
  if (entry.state == State::stored) {
    json["uri"] = entry.uri;
    json["store"] = entry.store;
    if (!entry.file.empty()) json["file"] = entry.file.string();
    json["stored"] = count(entry.stored);
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

base::Result<DeliveryEntry> parse_entry(std::string_view text, const std::filesystem::path& spool) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return base::bad_request("is no JSON object");
  DeliveryEntry entry;
  try {
    if (json.at("version") != kVersion) return base::bad_request("is of a version that this program does not know");
    entry = read(json, spool);
  } catch (const Json::exception& error) {
    return base::bad_request(error.what());
  }
  const auto& all = entry.item.pieces;
  const bool whole = !all.empty() && std::all_of(all.begin(), all.end(), [&spool](const Piece& one) {
    return is_file_name(one.name) && is_sha256(one.sha256) && is_file_name(one.path.filename().string()) &&
           one.path == spool / one.path.filename();
  });
  if (!whole) return base::bad_request("names a piece that cannot be");
  if (!is_file_name(entry.id())) return base::bad_request("has an id that cannot be");
  if (entry.stores.empty()) return base::bad_request("names no store");
  if (entry.item.attempt < 1) return base::bad_request("has an attempt that cannot be");
  return entry;
}

}  // namespace storage
