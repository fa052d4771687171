#include "seal/sealed_file.hpp"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/random.hpp"
#include "seal/unsealer.hpp"

namespace seal {
namespace {

std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

class SealedFileOnDisk : public ::testing::Test {
 protected:
  SealedFileOnDisk() { std::filesystem::create_directories(folder_); }
  ~SealedFileOnDisk() override { std::filesystem::remove_all(folder_); }

  SealedFile open() const {
    const std::vector<Recipient> recipients = {identity_.recipient()};
    return {base::Fd(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640)),
            std::move(*Sealer::open(recipients))};
  }
  // What can be decrypted, and whether it is whole.
  std::pair<std::string, bool> decrypted() const {
    const auto out = folder_ / ("out-" + base::random_id(8));
    const auto result = unseal_file(path_, out, {identity_});
    EXPECT_TRUE(result) << result.error().text;
    std::ifstream in(out, std::ios::binary);
    return {std::string(std::istreambuf_iterator<char>(in), {}), result && result->is_whole};
  }

  const std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / ("sealed-" + base::random_id(12));
  const std::filesystem::path path_ = folder_ / "x.mp3.part";
  const Identity identity_ = Identity::make();
};

TEST_F(SealedFileOnDisk, HoldsWhatWasWrittenWithItsHeaderMadeRight) {
  SealedFile file = open();
  ASSERT_TRUE(file.append(bytes_of("length: ?; ")));
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(file.append(bytes_of("0123456789")));
  ASSERT_TRUE(file.rewrite(8, bytes_of("!")));
  ASSERT_TRUE(file.end());
  ASSERT_TRUE(file.sync());
  EXPECT_EQ(file.size(), 10011U);
  EXPECT_EQ(file.size_on_disk(), std::filesystem::file_size(path_));
  const auto [text, is_whole] = decrypted();
  EXPECT_TRUE(is_whole);
  EXPECT_EQ(text.size(), 10011U);
  EXPECT_EQ(text.substr(0, 21), "length: !; 0123456789");
}

TEST_F(SealedFileOnDisk, CostsLittleMoreThanTheFileItself) {
  SealedFile file = open();
  for (int second = 0; second < 600; ++second) {  // ten minutes of mp3, synced twice a second
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(file.append(std::vector<std::uint8_t>(2000)));
      ASSERT_TRUE(file.flush());
    }
  }
  EXPECT_LT(file.size_on_disk(), file.size() * 102 / 100);
}

TEST_F(SealedFileOnDisk, WhatWasFlushedSurvivesTheKillOfItsWriter) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    SealedFile file = open();
    if (!file.append(bytes_of("head?"))) ::_exit(1);
    if (!file.flush()) ::_exit(1);
    if (!file.append(bytes_of(" spoken"))) ::_exit(1);
    if (!file.rewrite(4, bytes_of("!"))) ::_exit(1);
    if (!file.append(bytes_of(" and not synced"))) ::_exit(1);
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(decrypted(), std::make_pair(std::string("head! spoken"), false));
}

TEST_F(SealedFileOnDisk, AFullDiskLeavesWhatWasThere) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  SealedFile file = open();
  ASSERT_TRUE(file.append(bytes_of("first")));
  ASSERT_TRUE(file.sync());
  const rlimit small{2000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  ASSERT_TRUE(file.append(std::vector<std::uint8_t>(5000, 'x')));
  const auto flushed = file.flush();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(flushed);
  EXPECT_FALSE(file.append(std::vector<std::uint8_t>(kLongestPiece))) << "a record that is missing is not followed";
  EXPECT_TRUE(file.sync());
  EXPECT_EQ(decrypted(), std::make_pair(std::string("first"), false));
}

}  // namespace
}  // namespace seal
