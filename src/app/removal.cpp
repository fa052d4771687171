#include "app/removal.hpp"

#include <utility>

#include "catalogue/deletion.hpp"
#include "record/formats/format.hpp"

namespace app {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr std::chrono::minutes kAway{5};

// As it was called in the spool. Where no copy is here any more its uri holds it, however long its extension is.
std::string name_of(const catalogue::Recording& recording) {
  const std::string& id = recording.begun.id;
  if (!recording.ended.file.empty() && recording.ended.delivery != catalogue::Delivery::stored) {
    return std::filesystem::path(recording.ended.file).filename().string();
  }
  const std::string& uri = recording.ended.uri;
  if (const std::size_t at = uri.rfind(id + "."); at != std::string::npos) {
    return uri.substr(at, uri.find_first_of("/?#", at) - at);
  }
  const record::Format* format = record::find_format(recording.begun.format);
  return id + "." + (format == nullptr ? recording.begun.format : std::string(format->extension())) +
         (recording.begun.is_encrypted ? ".sealed" : "");
}

}  // namespace

storage::Item item_of(const catalogue::Recording& recording) {
  const catalogue::Begun& begun = recording.begun;
  const catalogue::Ended& ended = recording.ended;
  storage::Item item;
  item.about = {.id = begun.id,
                .call_id = begun.call,
                .component_id = begun.component,
                .account = begun.account,
                .from = begun.from,
                .to = begun.to,
                .format = begun.format,
                .began = begun.opened,
                .duration = ended.duration};
  item.pieces.push_back({ended.file, name_of(recording), ended.size, ended.sha256, {}});
  for (const catalogue::File& file : ended.beside) {
    const std::filesystem::path path(file.path);
    item.pieces.push_back({path_of(file, recording), path.filename().string(), file.size, file.sha256, {}});
  }
  return item;
}

Removal::Removal(std::map<std::string, storage::Settings> stores, std::function<base::Time()> now)
    : settings_(std::move(stores)), now_(std::move(now)) {}

Result<void> Removal::remove(const catalogue::Recording& recording) {
  if (stopping_) return Error{Kind::unavailable, "the server is being stopped"};
  if (recording.ended.delivery == catalogue::Delivery::stored) {
    if (auto removed = remove_at_store(recording); !removed) return removed;
  }
  return catalogue::remove_local_files(recording);
}

Result<void> Removal::remove_at_store(const catalogue::Recording& recording) {
  const std::string& name = recording.ended.store;
  const std::string& uri = recording.ended.uri;
  if (!settings_.contains(name)) {
    if (uri.starts_with("file:")) return {};  // a directory of this machine
    return Error{Kind::not_found, "there is no store '" + name + "' any more to delete " + uri};
  }
  auto place = place_of(name);
  if (!place) return std::move(place.error());
  if (now_() < (*place)->not_before) return Error{Kind::unavailable, name + ": it did not work a moment ago"};
  auto removed = (*place)->store->remove(item_of(recording), uri, stopping_);
  if (removed) return removed;
  if (removed.error().kind == Kind::unavailable && !stopping_) (*place)->not_before = now_() + kAway;
  return std::move(removed.error()).in(name);
}

Result<Removal::Place*> Removal::place_of(const std::string& store) {
  Place& place = places_[store];
  if (place.store == nullptr) {
    auto opened = storage::open_store(settings_.at(store));
    if (!opened) return std::move(opened.error()).in(store);
    place.store = std::move(*opened);
  }
  return &place;
}

}  // namespace app
