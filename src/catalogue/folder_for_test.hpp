#pragma once
// For tests: a folder of their own, a catalogue in it, and recordings to put there.

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <memory>
#include <string>

#include "base/random.hpp"
#include "catalogue/catalogue.hpp"
#include "catalogue/digest.hpp"
#include "catalogue/keeper.hpp"
#include "catalogue/queries.hpp"

namespace catalogue::testing {

inline const Instant kNoon = instant_of(1'795'000'000'000);

class Folder {
 public:
  Folder() : path_(std::filesystem::path(::testing::TempDir()) / ("catalogue-" + base::random_id(12))) {
    std::filesystem::create_directories(path_ / "recordings");
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  // Returns its path.
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  std::string read(const std::string& name) const {
    std::ifstream in(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  const std::filesystem::path path_;
};

inline Begun begun(const std::string& id) {
  return {.id = id,
          .call = "call-of-" + id,
          .component = "component-of-" + id,
          .account = "rayo@localhost",
          .from = "sip:alice@example.org",
          .to = "sip:bob@example.org",
          .format = "mp3",
          .channels = "mixed",
          .file = "/spool/" + id + ".mp3.part",
          .opened = kNoon};
}

inline Ended ended(const std::string& reason = "hangup") {
  return {.state = State::completed,
          .ended = kNoon + std::chrono::seconds(30),
          .reason = reason,
          .duration = std::chrono::milliseconds(30000),
          .size = 120000,
          .sha256 = std::string(64, 'a'),
          .file = {},
          .uri = "file:/recordings/x.mp3",
          .store = "file"};
}

// The same with a file, whose text is `text`.
inline Ended ended_in(const Folder& folder, const std::string& name, const std::string& text) {
  Ended end = ended();
  end.file = folder.write("recordings/" + name, text);
  end.uri = "file:" + end.file;
  end.size = text.size();
  end.sha256 = sha256_of(text);
  return end;
}

// A keeper whose thread is the test.
inline std::unique_ptr<Keeper> keeper_in(const Folder& folder, KeeperOptions options = {}) {
  options.file = folder / "catalogue.sqlite";
  options.now = [] { return kNoon; };
  options.busy = std::chrono::milliseconds(1);
  auto keeper = std::make_unique<Keeper>(std::move(options));
  const auto opened = keeper->open();
  EXPECT_TRUE(opened) << opened.error().text;
  return keeper;
}

}  // namespace catalogue::testing
