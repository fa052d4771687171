#include "play/file_roots.hpp"

#include <sys/stat.h>

#include "play/audio_for_test.hpp"

namespace {

using namespace play;
using namespace play::testing;
using base::Kind;

struct FileRootsTest : ::testing::Test {
  FileRootsTest() {
    fs::create_directories(top / "sounds/en");
    fs::create_directories(top / "soundsecret");
    write_file(top / "sounds/en/hello.wav", "hello");
    write_file(top / "secret", "secret");
    write_file(top / "soundsecret/x", "secret");
  }
  Kind refusal(const fs::path& path) {
    const auto file = roots.open(path);
    EXPECT_FALSE(file) << path;
    return file ? Kind::internal : file.error().kind;
  }

  TemporaryDirectory directory;
  const fs::path top = directory.path();
  FileRoots roots{{top / "sounds/", top / "other"}};
};

TEST_F(FileRootsTest, OpensWhatLiesBelowARoot) {
  for (const char* name : {"sounds/en/hello.wav", "sounds//en/./hello.wav"}) {
    const auto file = roots.open(top / name);
    ASSERT_TRUE(file) << name << file.error().text;
    char text[6] = {};
    EXPECT_EQ(::read(file->get(), text, 5), 5);
    EXPECT_STREQ(text, "hello");
  }
}

TEST_F(FileRootsTest, OpensNothingElse) {
  for (const char* name : {"secret", "sounds", "sounds/", "", "soundsecret/x", "sounds/../secret",
                           "sounds/en/../../secret", "sounds/en/../en/hello.wav"}) {
    EXPECT_EQ(refusal(top / name), Kind::not_allowed) << name;
  }
  EXPECT_EQ(refusal("/etc/passwd"), Kind::not_allowed);
  EXPECT_EQ(refusal("sounds/en/hello.wav"), Kind::not_allowed);
  EXPECT_EQ(refusal(""), Kind::not_allowed);
}

TEST_F(FileRootsTest, FollowsNoLinkBelowARoot) {
  fs::create_symlink(top / "secret", top / "sounds/link.wav");
  fs::create_directory_symlink(top, top / "sounds/up");
  fs::create_symlink("en/hello.wav", top / "sounds/inside.wav");
  for (const char* name : {"sounds/link.wav", "sounds/up/secret", "sounds/inside.wav"}) {
    EXPECT_EQ(refusal(top / name), Kind::not_allowed) << name;
  }
}

TEST_F(FileRootsTest, TheRootItselfMayBeALink) {
  fs::create_directory_symlink(top / "sounds", top / "alias");
  EXPECT_TRUE(FileRoots({top / "alias"}).open(top / "alias/en/hello.wav"));
}

TEST_F(FileRootsTest, SaysWhatIsNotThereAndTakesFilesOnly) {
  ASSERT_EQ(::mkfifo((top / "sounds/pipe.wav").c_str(), 0600), 0);
  for (const char* name :
       {"sounds/no.wav", "sounds/no/no.wav", "sounds/en", "sounds/pipe.wav", "sounds/en/hello.wav/x"}) {
    EXPECT_EQ(refusal(top / name), Kind::not_acceptable) << name;
  }
}

TEST_F(FileRootsTest, WithoutRootsNothingIsAllowed) {
  EXPECT_EQ(FileRoots({}).open("/etc/passwd").error().kind, Kind::not_allowed);
}

}  // namespace
