#include "catalogue/export.hpp"

#include <fstream>
#include <system_error>

#include "catalogue/digest.hpp"
#include "catalogue/print.hpp"

namespace catalogue {
namespace {

namespace fs = std::filesystem;

// Empty, or what went wrong.
std::string copy(const fs::path& from, const fs::path& to, const std::string& sha256) {
  std::error_code error;
  if (!fs::copy_file(from, to, error)) return "copy " + from.string() + ": " + error.message();
  const auto digest = digest_file(to);
  if (!digest) return digest.error().text;
  if (digest->sha256 != sha256) return from.string() + " was changed: its checksum is another";
  return {};
}

}  // namespace

base::Result<Exported> export_recordings(const Database& database, std::vector<Recording> recordings,
                                         const fs::path& manifest, const fs::path& public_key, const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return base::Error{base::Kind::internal, "make " + folder.string() + ": " + error.message()};
  if (!fs::is_empty(folder, error)) {
    return base::Error{base::Kind::conflict, folder.string() + " is not empty"};
  }
  Exported exported;
  std::ofstream facts(folder / "recordings.json");
  std::ofstream sums(folder / "SHA256SUMS");
  const auto add = [&](const std::string& path, const std::string& sha256) {
    const std::string name = fs::path(path).filename().string();
    if (const std::string wrong = copy(path, folder / name, sha256); !wrong.empty()) {
      exported.errors.push_back(wrong);
    }
    if (!fs::exists(folder / name, error)) return;
    sums << sha256 << "  " << name << "\n";
    ++exported.files;
  };
  for (Recording& recording : recordings) {
    if (auto added = add_details(database, recording); !added) return std::move(added.error());
    facts << dump(json_of(recording)) << "\n";
    ++exported.recordings;
    if (recording.state() == State::recording || recording.deleted) continue;
    if (recording.ended.file.empty()) {
      if (!recording.ended.uri.empty()) {
        exported.errors.push_back(recording.begun.id + ": only the store has it: " + recording.ended.uri);
      }
      continue;
    }
    add(recording.ended.file, recording.ended.sha256);
    for (const File& file : recording.ended.beside) add(path_of(file, recording), file.sha256);
  }
  for (const fs::path& proof : {manifest, public_key}) {
    if (fs::exists(proof, error)) fs::copy_file(proof, folder / proof.filename(), error);
    if (error) exported.errors.push_back("copy " + proof.string() + ": " + error.message());
  }
  facts.flush();
  sums.flush();
  if (!facts || !sums) return base::Error{base::Kind::no_resources, "write into " + folder.string()};
  return exported;
}

}  // namespace catalogue
