// [storage]: where recordings go. Its tables are read by app/storage_tables.cpp.
#include "app/config_keys.hpp"
#include "app/config_values.hpp"

namespace app {
namespace {

bool is_name(std::string_view text) { return !text.empty(); }

bool take_retry(std::chrono::milliseconds& place, const toml::node& node) {
  std::chrono::milliseconds taken{0};
  if (!take_seconds(taken, node, 86400) || taken.count() < 100) return false;
  place = taken;
  return true;
}

}  // namespace

std::vector<Key> storage_keys() {
  using toml::node;
  return {
      {"storage", "stores", "where recordings go that no [[storage.rule]] fits: the primary store, and fallbacks",
       [](Config& c, const node& n) { return take_list(c.dispatch.stores, n, is_name); },
       "a list of names of [storage.store.NAME]",
       [](const Config& c) { return c.dispatch.stores.empty() ? std::string() : list_of(c.dispatch.stores); }},
      {"storage", "concurrency", "recordings that are delivered at a time",
       [](Config& c, const node& n) { return take_integer(c.dispatch.delivery.queue.concurrency, n, 1, 64); },
       "a whole number, 1 to 64",
       [](const Config& c) { return std::to_string(c.dispatch.delivery.queue.concurrency); }},
      {"storage", "first-retry", "seconds until a delivery that failed is tried again; doubles from time to time",
       [](Config& c, const node& n) { return take_retry(c.dispatch.delivery.queue.first_retry, n); },
       "a number of seconds from 0.1 to 86400, or a string like \"500ms\" or \"60s\"",
       [](const Config& c) { return seconds_text(c.dispatch.delivery.queue.first_retry); }},
      {"storage", "longest-retry", "seconds; it is tried at least as often",
       [](Config& c, const node& n) { return take_retry(c.dispatch.delivery.queue.longest_retry, n); },
       "a number of seconds from 0.1 to 86400, or a string like \"500ms\" or \"60s\"",
       [](const Config& c) { return seconds_text(c.dispatch.delivery.queue.longest_retry); }},
      {"storage", "fallback-after", "seconds that the stores before it must have failed a recording",
       [](Config& c, const node& n) { return take_seconds(c.dispatch.delivery.queue.fallback_after, n, 604800); },
       "a number of seconds from 0 to 604800, or a string like \"500ms\" or \"60s\"",
       [](const Config& c) { return seconds_text(c.dispatch.delivery.queue.fallback_after); }},
  };
}

}  // namespace app
