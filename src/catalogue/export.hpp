#pragma once
// Copies recordings out, with what proves them: each file and those beside it, checked as it is copied; recordings.json
// (a line each), SHA256SUMS (for sha256sum -c), the manifest and its public key. Any thread that may block on the disk.

#include <filesystem>
#include <string>
#include <vector>

#include "catalogue/database.hpp"
#include "catalogue/queries.hpp"

namespace catalogue {

struct Exported {
  std::size_t recordings = 0, files = 0;
  std::vector<std::string> errors;  // what could not be copied, or is not what it was
};

// `folder` is made; conflict where there is something in it.
base::Result<Exported> export_recordings(const Database& database, std::vector<Recording> recordings,
                                         const std::filesystem::path& manifest, const std::filesystem::path& public_key,
                                         const std::filesystem::path& folder);

}  // namespace catalogue
