#pragma once
// For tests of stores: a directory that goes away, and recordings in it that are to be delivered.

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

#include "storage/checksum.hpp"
#include "storage/stores/store.hpp"

namespace storage::testing {

class Spooled {
 public:
  // `below`: /dev/shm where a test syncs so often that a disk would take minutes.
  explicit Spooled(const std::filesystem::path& below = std::filesystem::temp_directory_path()) {
    const auto parent = std::filesystem::is_directory(below) ? below : std::filesystem::temp_directory_path();
    std::string pattern = (parent / "telegraphone-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
    std::filesystem::create_directory(root / "spool");
  }
  Spooled(const Spooled&) = delete;
  Spooled& operator=(const Spooled&) = delete;
  ~Spooled() { std::filesystem::remove_all(root); }

  static std::string content(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  Piece piece(const std::string& name, const std::string& bytes) const {
    const auto path = root / "spool" / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return {path, name, bytes.size(), hex(digest_of(Digest::sha256, bytes)),
            name.ends_with(".json") ? "application/json" : "audio/mpeg"};
  }

  // A recording and its sidecar.
  Item item(const std::string& audio, const std::string& stem = "20261123T002318Z-c1-r1") const {
    Item item;
    item.about = {.id = stem,
                  .call_id = "c1",
                  .component_id = "r1",
                  .account = "acme",
                  .from = "sip:alice@example.com",
                  .to = "sip:../../bob",
                  .format = "mp3",
                  .began = std::chrono::system_clock::from_time_t(1795393398),  // 2026-11-23T00:23:18Z
                  .duration = std::chrono::milliseconds(1500)};
    item.pieces = {piece(stem + ".mp3", audio), piece(stem + ".json", "{\"file\": \"" + stem + ".mp3\"}\n")};
    return item;
  }

  std::filesystem::path root;
};

// The store of these settings, which must be good.
inline std::unique_ptr<Store> opened(const nlohmann::json& settings) {
  auto store = open_store(Settings(settings));
  EXPECT_TRUE(store) << (store ? "" : store.error().text);
  return store ? std::move(*store) : nullptr;
}

inline std::string refusal(const nlohmann::json& settings) {
  const auto store = open_store(Settings(settings));
  return store ? "" : store.error().text;
}

}  // namespace storage::testing
