#include "app/embedded_account.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace {

class EmbeddedAccount : public ::testing::Test {
 protected:
  std::filesystem::path directory_ = std::filesystem::path(::testing::TempDir()) / "embedded_account";
  void SetUp() override { std::filesystem::remove_all(directory_); }
  void TearDown() override { std::filesystem::remove_all(directory_); }
};

TEST_F(EmbeddedAccount, MakesAPasswordForItsOwnersEyesOnlyAndKeepsIt) {
  const auto first = app::embedded_account(directory_);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->account.name, "rayo");
  EXPECT_EQ(first->account.password.size(), 24U);
  struct stat info {};
  ASSERT_EQ(::stat(first->password_file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const auto second = app::embedded_account(directory_);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->account.password, first->account.password);
}

TEST_F(EmbeddedAccount, RefusesAnEmptyPasswordFile) {
  std::filesystem::create_directories(directory_);
  std::ofstream(directory_ / "rayo.password").close();
  EXPECT_FALSE(app::embedded_account(directory_));
}

}  // namespace
