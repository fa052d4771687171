#include "storage/spool.hpp"

#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace {

namespace fs = std::filesystem;
using storage::Spool;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class SpoolTest : public ::testing::Test {
 protected:
  SpoolTest() {
    std::string pattern = (fs::temp_directory_path() / "telegraphone-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
  }
  ~SpoolTest() override { fs::remove_all(root); }

  fs::path root;
};

TEST_F(SpoolTest, ProvesThatItCanBeWrittenToAndLeavesNothing) {
  const Spool spool(root / "a" / "spool");
  EXPECT_TRUE(spool.prove());
  EXPECT_TRUE(fs::is_empty(root / "a" / "spool"));
}

TEST_F(SpoolTest, NamesThePathThatIsInTheWay) {
  std::ofstream(root / "a") << "a file";
  const auto proved = Spool(root / "a" / "spool").prove();
  ASSERT_FALSE(proved);
  EXPECT_EQ(proved.error().kind, base::Kind::internal);
  EXPECT_EQ(proved.error().text, "make directory " + (root / "a").string() + ": Not a directory");
}

TEST_F(SpoolTest, MakesFilesOnlyWeCanReadAndNeverTheSameTwice) {
  const Spool spool(root);
  const auto first = spool.create("name", "mp3");
  const auto second = spool.create("name", "mp3");
  const auto third = spool.create("name", "mp3");
  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(first->path, root / "name.mp3.part");
  EXPECT_EQ(second->path, root / "name-2.mp3.part");
  EXPECT_EQ(third->name(), "name-3.mp3");
  struct stat status {};
  ASSERT_EQ(::stat(first->path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07U, 0U);
}

TEST_F(SpoolTest, DoesNotFollowALinkThatSomebodyLaid) {
  fs::create_symlink(root / "target", root / "name.mp3.part");
  const auto file = Spool(root).create("name", "mp3");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->name(), "name-2.mp3");
  EXPECT_FALSE(fs::exists(root / "target"));
}

TEST_F(SpoolTest, SaysWhichFileItCouldNotOpen) {
  const auto file = Spool(root / "missing").create("name", "mp3");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().text,
            "open spool file " + (root / "missing/name.mp3.part").string() + ": No such file or directory");
}

TEST_F(SpoolTest, SaysHowMuchIsLeftWhereTheReserveBegins) {
  EXPECT_TRUE(Spool(root).check_reserve());
  EXPECT_TRUE(Spool(root, 1).check_reserve());
  const auto checked = Spool(root, std::uint64_t{1} << 62U).check_reserve();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().kind, base::Kind::no_resources);
  EXPECT_THAT(checked.error().text, HasSubstr(" MB left, and new recordings begin above 4611686018427"));
}

TEST_F(SpoolTest, GivesAWholeFileANameOfItsOwn) {
  const Spool spool(root);
  const auto first = spool.create_whole("name", "journal");
  const auto second = spool.create_whole("name", "journal");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->path, root / "name.journal");
  EXPECT_EQ(second->path, root / "name-2.journal");
  EXPECT_EQ(second->stem, "name-2");
}

TEST_F(SpoolTest, RemovesAFile) {
  const Spool spool(root);
  const auto file = spool.create("name", "mp3");
  ASSERT_TRUE(file);
  spool.remove(*file);
  EXPECT_TRUE(fs::is_empty(root));
}

}  // namespace
