#include "play/disk_cache.hpp"

#include "play/audio_for_test.hpp"

namespace {

using namespace play;
using namespace play::testing;
using std::chrono::system_clock;

std::string text_of(const base::Fd& file) {
  char text[1000];
  const ssize_t count = ::pread(file.get(), text, sizeof text, 0);
  return {text, static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}

struct DiskCacheTest : ::testing::Test {
  DiskCacheTest() { EXPECT_TRUE(cache.make()); }
  base::Fd put(const std::string& key, const std::string& text, const DiskCache::About& about = {}) {
    auto draft = cache.draft();
    EXPECT_TRUE(draft);
    EXPECT_EQ(::write(draft->fd(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    return cache.put(key, std::move(*draft), about);
  }
  std::string found(const std::string& key) {
    const auto entry = cache.find(key);
    return entry ? text_of(entry->file) : "nothing";
  }
  std::size_t files(const std::string& extension) {
    return static_cast<std::size_t>(std::ranges::count_if(
        fs::directory_iterator(path), [&](const auto& entry) { return entry.path().extension() == extension; }));
  }

  TemporaryDirectory directory;
  const fs::path path = directory.path() / "cache";
  DiskCache cache{path, 1000};
};

TEST_F(DiskCacheTest, FindsWhatWasPutWithAllThatIsKnownOfIt) {
  const auto until = std::chrono::floor<std::chrono::seconds>(system_clock::now()) + std::chrono::hours(1);
  EXPECT_EQ(text_of(put("GET http://a/b", "body", {"audio/wav", "\"1\"", "yesterday", until})), "body");
  const auto entry = DiskCache(path, 1000).find("GET http://a/b");  // also after a restart
  ASSERT_TRUE(entry);
  EXPECT_EQ(text_of(entry->file), "body");
  EXPECT_EQ(entry->about.content_type, "audio/wav");
  EXPECT_EQ(entry->about.etag, "\"1\"");
  EXPECT_EQ(entry->about.last_modified, "yesterday");
  EXPECT_EQ(entry->about.fresh_until, until);
  EXPECT_EQ(found("GET http://a/c"), "nothing");
}

TEST_F(DiskCacheTest, PutAgainReplacesAndRenewKeepsTheBody) {
  put("k", "old");
  put("k", "new", {"a/b", "\"1\"", {}, {}});
  EXPECT_EQ(found("k"), "new");
  EXPECT_EQ(files(".body"), 1U);
  cache.renew("k", {"a/b", "\"2\"", {}, {}});
  EXPECT_EQ(found("k"), "new");
  EXPECT_EQ(cache.find("k")->about.etag, "\"2\"");
}

TEST_F(DiskCacheTest, KeepsToItsSizeAndWhatWasUsedLast) {
  put("a", std::string(400, 'a'));
  put("b", std::string(400, 'b'));
  // The clock of file times may stand still for some milliseconds.
  for (const auto& entry : fs::directory_iterator(path)) {
    fs::last_write_time(entry, fs::file_time_type::clock::now() - std::chrono::minutes(10));
  }
  EXPECT_NE(found("a"), "nothing");  // used now
  put("c", std::string(400, 'c'));
  EXPECT_EQ(found("b"), "nothing");
  EXPECT_EQ(found("a").size(), 400U);
  EXPECT_EQ(found("c").size(), 400U);
}

TEST_F(DiskCacheTest, WhatIsOpenOutlivesItsRemoval) {
  const base::Fd big = put("a", std::string(900, 'a'));
  put("b", std::string(900, 'b'));
  EXPECT_EQ(found("a"), "nothing");
  EXPECT_EQ(text_of(big).size(), 900U);
}

TEST_F(DiskCacheTest, DraftsThatAreNotPutLeaveNothing) {
  { const auto draft = cache.draft(); }
  EXPECT_EQ(files(".draft"), 0U);
  put("a", "a");
  EXPECT_EQ(files(".draft"), 0U);
}

TEST_F(DiskCacheTest, DraftsThatACrashLeftGoAndForeignFilesStay) {
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(2);
  for (const char* name : {"abcdefghjkmnpqrs.draft.wav", "abcdefghjkmnpqrs.draft", "my.draft", "letter.txt"}) {
    write_file(path / name, "x");
    fs::last_write_time(path / name, old);
  }
  put("a", "a");
  EXPECT_FALSE(fs::exists(path / "abcdefghjkmnpqrs.draft.wav"));
  EXPECT_FALSE(fs::exists(path / "abcdefghjkmnpqrs.draft"));
  EXPECT_TRUE(fs::exists(path / "my.draft"));
  EXPECT_TRUE(fs::exists(path / "letter.txt"));
}

TEST_F(DiskCacheTest, DamagedOrForeignEntriesAreNoEntries) {
  put("a", "a");
  fs::path meta;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.path().extension() == ".json") meta = entry.path();
  }
  write_file(directory.path() / "secret", "secret");
  for (const char* text : {"", "{", "[]", R"({"key":"other","body":"x"})", R"({"key":"a","body":"../secret"})",
                           R"({"key":"a","body":7})", R"({"key":"a"})"}) {
    write_file(meta, text);
    EXPECT_EQ(found("a"), "nothing") << text;
  }
}

TEST_F(DiskCacheTest, SaysWhereItCannotBeMade) {
  write_file(directory.path() / "file", "");
  EXPECT_FALSE(DiskCache(directory.path() / "file/cache", 1000).make());
}

}  // namespace
