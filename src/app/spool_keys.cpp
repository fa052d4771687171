// [spool]: where recordings grow, and when what was spoken is on the disk.
#include "app/config_keys.hpp"
#include "app/config_values.hpp"

namespace app {
namespace {

constexpr std::int64_t kMegabyte = 1'000'000;
constexpr std::int64_t kMostMegabytes = 1'000'000'000;

}  // namespace

std::vector<Key> spool_keys() {
  using toml::node;
  return {
      {"spool", "reserve", "megabytes of the disk in which no recording begins; those that run go on into them",
       [](Config& c, const node& n) {
         if (!take_integer(c.spool_reserve, n, 0, kMostMegabytes)) return false;
         c.spool_reserve *= kMegabyte;
         return true;
       },
       "a whole number of megabytes; 0: none",
       [](const Config& c) { return std::to_string(c.spool_reserve / kMegabyte); }},
      {"spool", "sync", "milliseconds between two syncs: so much may be missing after a loss of power",
       [](Config& c, const node& n) { return take_duration(c.spool_sync, n, 100, 60000); },
       "a whole number of milliseconds, 100 to 60000",
       [](const Config& c) { return std::to_string(c.spool_sync.count()); }},
  };
}

}  // namespace app
