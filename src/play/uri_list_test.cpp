#include "play/uri_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/file_name.hpp"

namespace {

using namespace play;
using ::testing::ElementsAre;

TEST(UriList, TakesOneUriALineAndPassesOverComments) {
  const auto uris = read_uri_list("# a list\r\nfile:///a.wav\r\n\r\n  http://b/c?d#e  \n#file:///no\nFILE:/z");
  ASSERT_TRUE(uris);
  EXPECT_THAT(*uris, ElementsAre("file:///a.wav", "http://b/c?d#e", "FILE:/z"));
}

TEST(UriList, RefusesAnEmptyListAndWhatIsNoUri) {
  for (const char* text : {"", " \r\n ", "# only this", "/a.wav", "file:///a\nb.wav", "1http://x", ":x", "a b:c"}) {
    const auto uris = read_uri_list(text);
    ASSERT_FALSE(uris) << text;
    EXPECT_EQ(uris.error().kind, base::Kind::bad_request);
  }
}

TEST(UriList, KnowsASchemeInAnyCase) {
  EXPECT_EQ(scheme_of("HTTPS://x"), "https");
  EXPECT_EQ(scheme_of("x-y.z+1:w"), "x-y.z+1");
  EXPECT_EQ(scheme_of("no scheme"), "");
}

TEST(FileUri, NamesAPathInEachOfItsForms) {
  for (const char* uri :
       {"file:/a/b%20c.wav", "file:///a/b%20c.wav", "FILE://localhost/a/b c.wav", "file:///a/b%20c.wav?x#y"}) {
    const auto path = path_of_file_uri(uri);
    ASSERT_TRUE(path) << uri;
    EXPECT_EQ(*path, "/a/b c.wav");
  }
  EXPECT_EQ(*path_of_file_uri(storage::file_uri("/tmp/ä %#?.mp3")), "/tmp/ä %#?.mp3");
}

TEST(FileUri, NamesNothingElsewhere) {
  for (const char* uri : {"file://other/a", "file:a", "file:", "file://", "http:///a", "file:///a%00b", "file:///a%0",
                          "file:///a%zz", "/a"}) {
    EXPECT_FALSE(path_of_file_uri(uri)) << uri;
  }
}

}  // namespace
