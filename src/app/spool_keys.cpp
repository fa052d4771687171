// [spool]: where recordings grow, when what was spoken is on the disk, and what happens where the disk stalls.
#include "app/config_keys.hpp"
#include "app/config_values.hpp"

namespace app {
namespace {

constexpr std::int64_t kMegabyte = 1'000'000;
constexpr std::int64_t kMostMegabytes = 1'000'000'000;
constexpr double kMostSeconds = 86400;

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
      {"spool", "directory", "where recordings grow and wait for their store; without it spool/ in their directory",
       [](Config& c, const node& n) { return take_path(c.spool_directory, n); }, "a directory name, as a string",
       [](const Config& c) { return string_or_nothing(c.spool_directory); }},
      {"spool", "keep", "seconds that the spool keeps what a store has confirmed",
       [](Config& c, const node& n) { return take_seconds(c.dispatch.delivery.queue.keep, n, 31'536'000); },
       "a number of seconds from 0 to 31536000, or a string like \"3600s\"",
       [](const Config& c) { return seconds_text(c.dispatch.delivery.queue.keep); }},
      {"spool", "sync", "milliseconds between two syncs: so much may be missing after a loss of power",
       [](Config& c, const node& n) { return take_duration(c.spool_sync, n, 100, 60000); },
       "a whole number of milliseconds, 100 to 60000",
       [](const Config& c) { return std::to_string(c.spool_sync.count()); }},
      {"spool", "memory", "megabytes for audio that waits while the disk stalls, of all recordings together",
       [](Config& c, const node& n) {
         if (!take_integer(c.spool_memory, n, 0, 1'000'000)) return false;
         c.spool_memory *= kMegabyte;
         return true;
       },
       "a whole number of megabytes, 0 to 1000000",
       [](const Config& c) { return std::to_string(c.spool_memory / kMegabyte); }},
      {"spool", "writer-timeout", "a writer whose disk hangs for longer is given up, with its recordings, and replaced",
       [](Config& c, const node& n) {
         std::chrono::milliseconds taken{};
         if (!take_seconds(taken, n, kMostSeconds) || taken < std::chrono::seconds(6)) return false;
         c.spool_writer_timeout = taken;
         return true;
       },
       "seconds, 6 to 86400, or a string such as \"2m\"",
       [](const Config& c) { return seconds_text(c.spool_writer_timeout); }},
      {"catalogue", "file",
       "what was recorded, and what became of it; without it catalogue.sqlite in the data directory",
       [](Config& c, const node& n) { return take_path(c.catalogue_file, n); }, "a file name, as a string",
       [](const Config& c) { return string_or_nothing(c.catalogue_file); }},
      {"catalogue", "sweep", "seconds between two looks at what [[retention]] says is due",
       [](Config& c, const node& n) {
         std::chrono::milliseconds taken{};
         if (!take_seconds(taken, n, kMostSeconds) || taken < std::chrono::seconds(1)) return false;
         c.catalogue_sweep = taken;
         return true;
       },
       "seconds, 1 to 86400, or a string such as \"10m\"",
       [](const Config& c) { return seconds_text(c.catalogue_sweep); }},
  };
}

}  // namespace app
