#include "app/books.hpp"

#include <charconv>

#include "record/kind.hpp"

namespace app {
namespace {

using catalogue::Instant;
using storage::DeliveryEntry;

Instant instant_of(std::chrono::system_clock::time_point time) {
  return std::chrono::floor<std::chrono::milliseconds>(time);
}
Instant now() { return instant_of(std::chrono::system_clock::now()); }

catalogue::State state_of(record::EndReason reason) {
  if (reason == record::EndReason::interrupted) return catalogue::State::interrupted;
  return reason == record::EndReason::error ? catalogue::State::failed : catalogue::State::completed;
}

std::uint64_t milliseconds(std::uint64_t samples, std::uint32_t rate) { return rate == 0 ? 0 : samples * 1000 / rate; }

catalogue::Loss loss_of(const record::Stats& stats) {
  const auto ms = [&](std::uint64_t samples) { return milliseconds(samples, stats.rate); };
  return {.repaired = ms(stats.repaired_samples),
          .lost = ms(stats.lost_samples),
          .silent = ms(stats.silent_samples),
          .noise = ms(stats.noise_samples),
          .held = ms(stats.held_samples),
          .paused = ms(stats.paused_samples),
          .overrun = ms(stats.overrun_samples),
          .late = ms(stats.late_samples),
          .duplicate = ms(stats.duplicate_samples),
          .packets_received = stats.packets_received,
          .packets_lost = stats.packets_lost,
          .packets_late = stats.packets_late,
          .packets_duplicate = stats.packets_duplicate,
          .no_media_at_start = stats.no_media_at_start};
}

std::vector<catalogue::Gap> gaps_of(const record::SpanMap& map) {
  std::vector<catalogue::Gap> gaps;
  const auto ms = [&](std::uint64_t samples) { return milliseconds(samples, map.rate()); };
  for (const record::Span& span : map.spans()) {
    gaps.push_back({std::string(name_of(span.kind)), ms(span.at), ms(span.length), ms(span.skipped)});
  }
  return gaps;
}

// Where the files are, and what they are.
void add_files(const DeliveryEntry& entry, catalogue::Ended& ended) {
  const auto& pieces = entry.item.pieces;
  ended.size = pieces.front().size;
  ended.sha256 = pieces.front().sha256;
  ended.file = pieces.front().path.string();
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    ended.beside.push_back({pieces[i].name, pieces[i].size, pieces[i].sha256});
  }
  ended.store = entry.stores.front();
  ended.delivery = catalogue::Delivery::waiting;
}

std::string note_of(const DeliveryEntry& entry, const char* name) {
  const auto found = entry.notes.find(name);
  return found == entry.notes.end() ? std::string() : found->second;
}

catalogue::Begun begun_of(const DeliveryEntry& entry) {
  const storage::About& about = entry.item.about;
  catalogue::Begun begun;
  begun.id = about.id;
  begun.call = about.call_id;
  begun.component = about.component_id;
  begun.account = about.account;
  begun.from = about.from;
  begun.to = about.to;
  begun.format = about.format;
  begun.opened = instant_of(about.began);
  begun.channels = note_of(entry, "channels");
  const std::string rate = note_of(entry, "rate");
  std::from_chars(rate.data(), rate.data() + rate.size(), begun.sample_rate);
  begun.is_of_mixer = !note_of(entry, "mixer").empty();
  begun.is_encrypted = !note_of(entry, "encrypted").empty();
  return begun;
}

// What an entry knows of how it ended; the map of its gaps is in the sidecar.
catalogue::Ended ended_of(const DeliveryEntry& entry) {
  const auto reason = record::parse_reason(note_of(entry, "reason")).value_or(record::EndReason::error);
  catalogue::Ended ended;
  ended.state = state_of(reason);
  ended.ended = instant_of(entry.spooled);
  ended.reason = std::string(name_of(reason));
  ended.error = note_of(entry, "error");
  ended.duration = entry.item.about.duration;
  ended.has_all_gaps = false;
  add_files(entry, ended);
  return ended;
}

}  // namespace

void Books::began(const Began& event) {
  catalogue::Begun begun;
  begun.id = event.id;
  begun.call = event.request.call_id;
  begun.component = event.request.component_id;
  begun.is_of_mixer = event.settings.on_mixer;
  begun.account = event.request.account;
  begun.from = event.request.from;
  begun.to = event.request.to;
  begun.format = event.settings.format;
  begun.channels = channels_text(event.settings);
  begun.sample_rate = event.settings.sample_rate.value_or(event.request.rate);
  begun.is_encrypted = !event.settings.encrypt_to.empty();
  begun.file = event.file.string();
  begun.opened = instant_of(event.began);
  ++begun_;
  if (event.is_late) return keeper_.post(catalogue::Keeper::LateBegun{std::move(begun)});
  keeper_.post(std::move(begun));
}

void Books::discarded(const std::string& id) {
  ++failed_;
  catalogue::Ended ended;
  ended.state = catalogue::State::failed;
  ended.ended = now();
  ended.reason = "discarded";
  ended.error = "its call ended before anything could be recorded";
  keeper_.post(catalogue::Keeper::End{id, std::move(ended)});
}

void Books::ended(const Ended& event) {
  catalogue::Ended ended;
  ended.state = state_of(event.outcome.reason);
  ended.ended = now();
  ended.reason = std::string(name_of(event.outcome.reason));
  ended.error = event.outcome.error;
  ended.duration = event.outcome.duration;
  ended.loss = loss_of(event.facts.stats);
  ended.gaps = gaps_of(event.facts.map);
  ended.has_all_gaps = event.facts.map.is_complete();
  if (event.entry != nullptr) add_files(*event.entry, ended);
  ended.uri = event.outcome.uri;
  auto& count = ended.state == catalogue::State::completed ? completed_
                : ended.state == catalogue::State::failed  ? failed_
                                                           : interrupted_;
  ++count;
  keeper_.post(catalogue::Keeper::End{event.id, std::move(ended)});
}

void Books::delivery_failed(const std::string& id, const std::string& store, const std::string& error) {
  ++attempts_failed_;
  keeper_.post(catalogue::Keeper::Try{id, {.store = store, .began = now(), .ended = now(), .error = error}});
}

void Books::found(const DeliveryEntry& entry) {
  keeper_.post(catalogue::Keeper::LateBegun{begun_of(entry)});
  keeper_.post(catalogue::Keeper::End{entry.id(), ended_of(entry), true});
  if (entry.state == DeliveryEntry::State::stored && entry.file.empty()) remote_.insert(entry.id());
}

void Books::delivered(const DeliveryEntry& entry, std::function<void()> written) {
  ++stored_;
  keeper_.post(catalogue::Keeper::Try{
      entry.id(), {.store = entry.store, .began = now(), .ended = now(), .error = {}, .uri = entry.uri}});
  if (entry.file.empty()) {
    remote_.insert(entry.id());
  } else {
    keeper_.post(catalogue::Keeper::Moved{entry.id(), entry.file.string()});
  }
  keeper_.post(catalogue::Keeper::Call{std::move(written)});
}

void Books::removed(const std::string& id) {
  if (remote_.erase(id) > 0) keeper_.post(catalogue::Keeper::Moved{id, ""});
}

void Books::recovered_all(std::size_t undone) {
  if (undone > 0) return;  // theirs are among those that still grow
  keeper_.post(catalogue::Keeper::Orphans{
      started_, "the server was stopped by force while this was recorded, and nothing of it is in the spool"});
}

record::Recovered recovered_of(const catalogue::Recording& row) {
  const catalogue::Ended& ended = row.ended;
  record::Recovered recovered{row.begun.call, row.begun.component, {}, {}};
  recovered.outcome.reason = record::parse_reason(ended.reason).value_or(record::EndReason::error);
  recovered.outcome.error = ended.error;
  recovered.outcome.uri = ended.uri;
  recovered.outcome.duration = ended.duration;
  recovered.outcome.size = ended.size;
  return recovered;
}

Books::Stats Books::stats() const { return {begun_, completed_, failed_, interrupted_, stored_, attempts_failed_}; }

}  // namespace app
