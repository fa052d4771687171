#include "catalogue/recording.hpp"

#include <array>
#include <filesystem>
#include <utility>

#include <nlohmann/json.hpp>

namespace catalogue {
namespace {

constexpr std::array<std::pair<State, std::string_view>, 4> kStates = {{{State::recording, "recording"},
                                                                        {State::completed, "completed"},
                                                                        {State::failed, "failed"},
                                                                        {State::interrupted, "interrupted"}}};
constexpr std::array<std::pair<Delivery, std::string_view>, 4> kDeliveries = {{{Delivery::none, "none"},
                                                                               {Delivery::waiting, "waiting"},
                                                                               {Delivery::stored, "stored"},
                                                                               {Delivery::refused, "refused"}}};
constexpr std::array<std::pair<const char*, std::uint64_t Loss::*>, 13> kFigures = {
    {{"repaired", &Loss::repaired},
     {"lost", &Loss::lost},
     {"silent", &Loss::silent},
     {"noise", &Loss::noise},
     {"held", &Loss::held},
     {"paused", &Loss::paused},
     {"overrun", &Loss::overrun},
     {"late", &Loss::late},
     {"duplicate", &Loss::duplicate},
     {"packets_received", &Loss::packets_received},
     {"packets_lost", &Loss::packets_lost},
     {"packets_late", &Loss::packets_late},
     {"packets_duplicate", &Loss::packets_duplicate}}};
constexpr const char* kNoMedia = "no_media_at_start";

template <class Table, class Value>
std::string_view name_in(const Table& table, Value value) {
  for (const auto& [each, name] : table) {
    if (each == value) return name;
  }
  return {};
}

template <class Value, std::size_t size>
std::optional<Value> value_in(const std::array<std::pair<Value, std::string_view>, size>& table,
                              std::string_view name) {
  for (const auto& [value, each] : table) {
    if (each == name) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(State state) { return name_in(kStates, state); }
std::optional<State> parse_state(std::string_view name) { return value_in(kStates, name); }
std::string_view name_of(Delivery delivery) { return name_in(kDeliveries, delivery); }
std::optional<Delivery> parse_delivery(std::string_view name) { return value_in(kDeliveries, name); }

std::string path_of(const File& file, const Recording& recording) {
  if (file.path.starts_with('/')) return file.path;
  if (recording.ended.file.empty()) return {};
  return (std::filesystem::path(recording.ended.file).parent_path() / file.path).string();
}

std::int64_t milliseconds_of(Instant instant) { return instant.time_since_epoch().count(); }
Instant instant_of(std::int64_t milliseconds) { return Instant(std::chrono::milliseconds(milliseconds)); }

std::string loss_text(const Loss& loss) {
  auto json = nlohmann::json::object();
  for (const auto& [name, figure] : kFigures) {
    if (loss.*figure > 0) json[name] = loss.*figure;
  }
  if (loss.no_media_at_start) json[kNoMedia] = true;
  return json.dump();
}

Loss parse_loss(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  Loss loss;
  if (!json.is_object()) return loss;
  for (const auto& [name, figure] : kFigures) {
    if (const auto found = json.find(name); found != json.end() && found->is_number_unsigned()) {
      loss.*figure = found->get<std::uint64_t>();
    }
  }
  if (const auto found = json.find(kNoMedia); found != json.end() && found->is_boolean()) {
    loss.no_media_at_start = found->get<bool>();
  }
  return loss;
}

}  // namespace catalogue
