#pragma once
// Proves recordings: each file against its checksum, size and length, each fact against the signed manifest, the
// manifest against itself, the folder against all of them. Reads only, beside a server that goes on recording; of each
// recording it remembers some 60 bytes. Any thread that may block on the disk.

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "catalogue/database.hpp"
#include "catalogue/manifest.hpp"
#include "catalogue/queries.hpp"

namespace catalogue {

struct Finding {
  enum class Kind {
    changed,    // a file or a fact is not what was signed
    removed,    // something that was signed is not there any more
    put_in,     // something is there that was never signed
    unsigned_,  // not in the manifest yet: a server that runs will sign it
    manifest,   // the chain itself
  };
  Kind kind = Kind::changed;
  std::string id;  // of the recording; empty where it is about none
  std::string text;
};
std::string_view name_of(Finding::Kind kind);

struct VerifyOptions {
  std::filesystem::path manifest;
  PublicKey key;
  std::vector<std::filesystem::path> folders;  // that must hold nothing else than recordings; empty: not looked at
  // How long a file plays, as its format says; nothing: cannot be told.
  std::function<std::optional<std::chrono::milliseconds>(const std::filesystem::path&)> measure;
  std::chrono::milliseconds tolerance{100};  // encoders add and take a little
  Filter filter;                             // whose files are looked at; the chain is always gone through
  std::chrono::milliseconds patience{0};     // so long a server may take to sign what has just ended
  std::string head;                          // a head() kept elsewhere that has to be in the chain; empty: none
};

struct VerifyReport {
  std::size_t recordings = 0;  // looked at
  std::size_t files = 0;       // whose checksum is right
  std::size_t remote = 0;      // of which only the store has a copy: not looked at
  std::size_t deleted = 0;
  ManifestReport manifest;
  // Signed not when they ended, but at a later start: after a crash, or because somebody put them in while no server
  // ran.
  std::vector<std::string> late;
  std::vector<Finding> findings;
};

base::Result<VerifyReport> verify(const Database& database, const VerifyOptions& options);

}  // namespace catalogue
