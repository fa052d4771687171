#include "storage/stores/file/file_store.hpp"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using storage::FileStore;
using storage::Spool;
using storage::SpoolFile;

class FileStoreTest : public ::testing::Test {
 protected:
  FileStoreTest() {
    std::string pattern = (fs::temp_directory_path() / "telegraphone-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
    EXPECT_TRUE(Spool(root / "spool").make());
  }
  ~FileStoreTest() override { fs::remove_all(root); }

  SpoolFile spooled(const std::string& content) const {
    auto file = Spool(root / "spool").create("20261123T002318Z-c-r", "wav");
    EXPECT_TRUE(file);
    EXPECT_EQ(::write(file->fd.get(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
    return std::move(*file);
  }
  static std::string content(const fs::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  fs::path root;
};

TEST_F(FileStoreTest, MovesAFileOutOfTheSpoolIntoTheFolderOfItsDay) {
  const auto path = FileStore(root).store(spooled("one"));
  ASSERT_TRUE(path);
  EXPECT_EQ(path->path, root / "2026-11-23" / "20261123T002318Z-c-r.wav");
  EXPECT_EQ(content(path->path), "one");
  EXPECT_TRUE(fs::is_empty(root / "spool"));
}

TEST_F(FileStoreTest, NeverReplacesAFile) {
  const FileStore store(root);
  const auto first = store.store(spooled("one"));
  const auto second = store.store(spooled("two"));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->path.filename(), "20261123T002318Z-c-r-2.wav");
  EXPECT_EQ(content(first->path), "one");
  EXPECT_EQ(content(second->path), "two");
}

TEST_F(FileStoreTest, SaysWhatIsInTheWayAndLeavesTheFileInTheSpool) {
  std::ofstream(root / "2026-11-23") << "a file";
  const SpoolFile file = spooled("one");
  const auto prepared = FileStore(root).prepare(file);
  const auto stored = FileStore(root).store(file);
  ASSERT_FALSE(prepared);
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().text, "make directory " + (root / "2026-11-23").string() + ": Not a directory");
  EXPECT_EQ(content(file.path), "one");
}

TEST_F(FileStoreTest, PutsASidecarOfTheSameNameBesideIt) {
  const FileStore store(root);
  const auto about = [](const std::string& name) { return "about " + name; };
  const auto first = store.store(spooled("one"), about);
  const auto second = store.store(spooled("two"), about);
  ASSERT_TRUE(first && second);
  const fs::path folder = root / "2026-11-23";
  EXPECT_EQ(content(folder / "20261123T002318Z-c-r.json"), "about 20261123T002318Z-c-r.wav");
  EXPECT_EQ(content(folder / "20261123T002318Z-c-r-2.json"), "about 20261123T002318Z-c-r-2.wav");
  EXPECT_EQ(content(second->path), "two");
  EXPECT_TRUE(fs::is_empty(root / "spool"));
}

TEST_F(FileStoreTest, NeverGivesARecordingTheSidecarOfAnother) {
  fs::create_directories(root / "2026-11-23");
  std::ofstream(root / "2026-11-23" / "20261123T002318Z-c-r.json") << "of an mp3";
  const auto stored = FileStore(root).store(spooled("one"), [](const std::string& name) { return name; });
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->path.filename(), "20261123T002318Z-c-r-2.wav");
  EXPECT_EQ(content(root / "2026-11-23" / "20261123T002318Z-c-r.json"), "of an mp3");
}

TEST_F(FileStoreTest, KeepsNoFileBackThatHasNoSidecar) {
  fs::create_directories(root / "spool" / "20261123T002318Z-c-r.wav.json.part");  // in its way
  const auto stored = FileStore(root).store(spooled("one"), [](const std::string& name) { return name; });
  ASSERT_TRUE(stored);
  EXPECT_NE(stored->sidecar_error, "");
  EXPECT_EQ(content(stored->path), "one");
  EXPECT_FALSE(fs::exists(root / "2026-11-23" / "20261123T002318Z-c-r.json"));
}

}  // namespace
