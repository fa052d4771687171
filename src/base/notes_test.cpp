#include "base/notes.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace {

using base::Notes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

namespace fs = std::filesystem;

class NotesTest : public ::testing::Test {
 protected:
  NotesTest() : folder_(fs::temp_directory_path() / ("notes-" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
  }
  ~NotesTest() override { fs::remove_all(folder_); }

  // What the next process finds.
  std::map<std::string, std::string> found() {
    Notes notes(folder_ / "here");
    auto started = notes.start();
    EXPECT_TRUE(started);
    return started ? *started : std::map<std::string, std::string>();
  }
  void put(const std::string& file, const std::string& bytes) {
    fs::create_directories(folder_ / "here");
    std::ofstream(folder_ / "here" / file, std::ios::binary) << bytes;
  }

  const fs::path folder_;
};

TEST_F(NotesTest, WhatIsWrittenIsFoundByTheNextProcess) {
  {
    Notes notes(folder_ / "here");
    ASSERT_TRUE(notes.start());
    notes.write("one", "first");
    notes.write("two", "second");
    notes.write("one", "changed");
    notes.write("three", "third");
    notes.remove("three");
    notes.remove("never");
  }
  EXPECT_THAT(found(), ElementsAre(Pair("one", "changed"), Pair("two", "second")));
}

TEST_F(NotesTest, ReadsAnyBytesAndPassesOverWhatIsNoNote) {
  put("odd.json", std::string("\0\xFF{", 3));
  put("half.json.new", "{");
  put("other.txt", "x");
  put("large.json", std::string(Notes::kLargest + 1, 'x'));
  fs::create_directories(folder_ / "here" / "folder.json");
  EXPECT_THAT(found(), ElementsAre(Pair("odd", std::string("\0\xFF{", 3))));
  EXPECT_FALSE(fs::exists(folder_ / "here" / "half.json.new"));
}

TEST_F(NotesTest, AFolderIsOneProcessesOnly) {
  Notes first(folder_ / "here");
  ASSERT_TRUE(first.start());
  Notes second(folder_ / "here");
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, base::Kind::unavailable);
  second.write("mine", "text");  // goes nowhere
}

TEST_F(NotesTest, ANameIsNoPath) {
  for (const char* name : {"", "..", "a/b", "a.b", "\n"}) EXPECT_FALSE(Notes::is_name(name)) << name;
  {
    Notes notes(folder_ / "here");
    ASSERT_TRUE(notes.start());
    notes.write("../out", "text");
  }
  EXPECT_FALSE(fs::exists(folder_ / "out.json"));
  EXPECT_THAT(found(), IsEmpty());
}

}  // namespace
