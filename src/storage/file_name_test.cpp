#include "storage/file_name.hpp"

#include <gtest/gtest.h>

namespace {

using namespace storage;

TEST(FileName, IsMadeOfTheTimeInUtcAndTheTwoIds) {
  const auto time = std::chrono::system_clock::from_time_t(1795393398);
  EXPECT_EQ(file_stem(time, "call1", "rec1"), "20261123T002318Z-call1-rec1");
  EXPECT_EQ(day_folder("20261123T002318Z-call1-rec1"), "2026-11-23");
}

TEST(FileName, LetsNothingThroughThatMeansSomethingInAPath) {
  EXPECT_EQ(sanitised("../etc/passwd"), "___etc_passwd");
  EXPECT_EQ(sanitised("a b\n\\:*?\"<>|\x80"), "a_b__________");
  EXPECT_EQ(sanitised(std::string("a\0b", 3)), "a_b");
  EXPECT_EQ(sanitised("A-z_09"), "A-z_09");
  EXPECT_EQ(sanitised(""), "_");
  EXPECT_EQ(sanitised(std::string(300, 'x')).size(), 64U);
}

TEST(FileUri, HasOneSlashAndNoAuthority) { EXPECT_EQ(file_uri("/tmp/x.mp3"), "file:/tmp/x.mp3"); }

TEST(FileUri, EncodesWhatRfc3986DoesNotAllowInAPath) {
  EXPECT_EQ(file_uri("/a b/%/#?[]\"<>^`{|}\\"), "file:/a%20b/%25/%23%3F%5B%5D%22%3C%3E%5E%60%7B%7C%7D%5C");
  EXPECT_EQ(file_uri("/\xC3\xA9\x7F\n"), "file:/%C3%A9%7F%0A");
  EXPECT_EQ(file_uri("/-._~!$&'()*+,;=:@"), "file:/-._~!$&'()*+,;=:@");
}

}  // namespace
