// Sealing and unsealing, together.
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <sys/stat.h>

#include "base/random.hpp"
#include "seal/replica_for_test.hpp"

namespace seal {
namespace {

using base::Kind;
using Bytes = std::vector<std::uint8_t>;

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

class SealTest : public ::testing::Test {
 protected:
  SealTest() : sealer_(open({identity_.recipient()})) {}
  static Sealer open(const std::vector<Recipient>& recipients) { return std::move(*Sealer::open(recipients)); }

  void append(const std::string& text) { sealer_.append(bytes_of(text), sealed_); }

  struct Opened {
    std::string text;
    bool is_whole = false;
    Kind error = Kind::unavailable;  // this: there was none
  };
  Opened opened(std::span<const std::uint8_t> sealed, const Identity& identity, std::size_t piece = 1000) {
    Unsealer unsealer({identity});
    Replica replica;
    Opened result;
    while (!sealed.empty()) {
      const auto next = sealed.first(std::min(piece, sealed.size()));
      sealed = sealed.subspan(next.size());
      if (const auto fed = unsealer.feed(next, [&](const Change& change) { return replica.apply(change); }); !fed) {
        result.error = fed.error().kind;
        break;
      }
    }
    result.text.assign(replica.bytes.begin(), replica.bytes.end());
    result.is_whole = unsealer.is_whole();
    return result;
  }

  const Identity identity_ = Identity::make();
  Sealer sealer_;
  Bytes sealed_;
};

TEST_F(SealTest, WhatWasAppendedAndRewrittenComesOut) {
  append("head of nothing;");
  append("audio");
  sealer_.rewrite(8, bytes_of("5 bytes"), sealed_);
  append(" and more");
  sealer_.end(sealed_);
  EXPECT_EQ(sealer_.size(), 30U);
  for (const std::size_t piece : {1U, 7U, 1000U}) {
    const Opened result = opened(sealed_, identity_, piece);
    EXPECT_EQ(result.text, "head of 5 bytes;audio and more");
    EXPECT_TRUE(result.is_whole);
  }
}

TEST_F(SealTest, NothingOfItCanBeSeen) {
  const std::string speech(1000, 'x');
  append(speech);
  sealer_.end(sealed_);
  const std::string text(sealed_.begin(), sealed_.end());
  EXPECT_EQ(text.find("xxx"), std::string::npos);
  Bytes again;
  Sealer other = open({identity_.recipient()});
  other.append(bytes_of(speech), again);
  other.end(again);
  EXPECT_NE(again, sealed_);
}

TEST_F(SealTest, WhateverWasFlushedSurvivesAKillAtAnyByte) {
  append("first second;");
  sealer_.flush(sealed_);
  const std::size_t one = sealed_.size();
  append("second second;");
  sealer_.flush(sealed_);
  const std::size_t two = sealed_.size();
  append("third");
  EXPECT_EQ(sealed_.size(), two) << "is gathered";
  for (std::size_t cut = 0; cut <= sealed_.size(); ++cut) {
    const Opened result = opened(std::span(sealed_).first(cut), identity_);
    EXPECT_EQ(result.error, Kind::unavailable) << cut;
    EXPECT_FALSE(result.is_whole) << cut;
    EXPECT_EQ(result.text, cut < one ? "" : cut < two ? "first second;" : "first second;second second;") << cut;
  }
}

TEST_F(SealTest, AnyBitThatIsChangedIsFound) {
  append("a word of honour");
  sealer_.end(sealed_);
  for (std::size_t i = 0; i < sealed_.size(); ++i) {
    Bytes changed = sealed_;
    changed[i] ^= 1U;
    const Opened result = opened(changed, identity_);
    EXPECT_FALSE(result.is_whole) << i;  // a length that grew: it waits for the rest
    EXPECT_TRUE(result.text.empty() || result.text == "a word of honour") << i;
  }
}

TEST_F(SealTest, RecordsTakenOutSwappedOrAddedAreFound) {
  std::vector<Bytes> records(3);
  for (std::size_t i = 0; i < 3; ++i) {
    sealer_.append(bytes_of("part " + std::to_string(i)), records[i]);
    sealer_.flush(records[i]);
  }
  const auto joined = [&](std::initializer_list<std::size_t> order) {
    Bytes all;
    for (const std::size_t i : order) all.insert(all.end(), records[i].begin(), records[i].end());
    return all;
  };
  EXPECT_EQ(opened(joined({0, 1, 2}), identity_).text, "part 0part 1part 2");
  EXPECT_EQ(opened(joined({0, 2}), identity_).error, Kind::not_acceptable);
  EXPECT_EQ(opened(joined({0, 2, 1}), identity_).error, Kind::not_acceptable);
  EXPECT_EQ(opened(joined({0, 1, 1}), identity_).error, Kind::not_acceptable);
  Bytes whole = joined({0, 1, 2});
  sealer_.end(whole);
  whole.push_back(0);
  EXPECT_EQ(opened(whole, identity_).error, Kind::not_acceptable);
}

TEST_F(SealTest, EachRecipientCanOpenItAndNobodyElse) {
  const Identity second = Identity::make();
  Sealer sealer = open({identity_.recipient(), second.recipient()});
  Bytes sealed;
  sealer.append(bytes_of("for two"), sealed);
  sealer.end(sealed);
  EXPECT_EQ(opened(sealed, identity_).text, "for two");
  EXPECT_EQ(opened(sealed, second).text, "for two");
  EXPECT_EQ(opened(sealed, Identity::make()).error, Kind::not_authorized);
  EXPECT_FALSE(Sealer::open({}));
  EXPECT_FALSE(Sealer::open(std::vector<Recipient>(65, second.recipient())));
}

TEST_F(SealTest, LongAudioAndATruncationComeOutRight) {
  std::string audio(300'000, '\0');
  for (std::size_t i = 0; i < audio.size(); ++i) audio[i] = static_cast<char>(i * 7 >> 3U);
  append(audio);
  sealer_.rewrite(1000, bytes_of(std::string(100'000, 'r')), sealed_);
  sealer_.truncate(250'000, sealed_);
  append("tail");
  sealer_.end(sealed_);
  audio.replace(1000, 100'000, 100'000, 'r');
  audio.resize(250'000);
  EXPECT_TRUE(opened(sealed_, identity_, 65'000).text == audio + "tail");
}

TEST_F(SealTest, WhatIsNoSealedFileIsSaidSo) {
  EXPECT_EQ(opened(bytes_of("RIFF1234WAVE"), identity_).error, Kind::bad_request);
  Bytes none(kMagic.begin(), kMagic.end());
  none.insert(none.end(), {0, 0});
  EXPECT_EQ(opened(none, identity_).error, Kind::bad_request);
}

class SealedFileTest : public SealTest {
 protected:
  SealedFileTest() { std::filesystem::create_directories(folder_); }
  ~SealedFileTest() override { std::filesystem::remove_all(folder_); }
  static std::string read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write() {
    std::ofstream(in_, std::ios::binary)
        .write(reinterpret_cast<const char*>(sealed_.data()), static_cast<std::streamsize>(sealed_.size()));
  }
  const std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / ("seal-" + base::random_id(12));
  const std::filesystem::path in_ = folder_ / "x.mp3.sealed", out_ = folder_ / "x.mp3";
};

TEST_F(SealedFileTest, IsDecryptedIntoANewFileOfItsOwnersAlone) {
  append("some audio");
  sealer_.rewrite(0, bytes_of("S"), sealed_);
  sealer_.end(sealed_);
  write();
  const auto result = unseal_file(in_, out_, {identity_});
  ASSERT_TRUE(result) << result.error().text;
  EXPECT_TRUE(result->is_whole);
  EXPECT_EQ(read(out_), "Some audio");
  struct stat status {};
  ASSERT_EQ(::stat(out_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(unseal_file(in_, out_, {identity_}).error().kind, Kind::conflict);
  EXPECT_TRUE(unseal_file(in_, std::nullopt, {identity_}));
}

TEST_F(SealedFileTest, ThatWasCutShortGivesWhatThereIs) {
  append("some audio");
  sealer_.flush(sealed_);
  sealed_.insert(sealed_.end(), {0, 0, 0, 90, 1, 2, 3});
  write();
  const auto result = unseal_file(in_, out_, {identity_});
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->is_whole);
  EXPECT_EQ(read(out_), "some audio");
}

TEST_F(SealedFileTest, ThatWasAlteredLeavesNothingBehind) {
  append("some audio");
  sealer_.end(sealed_);
  sealed_.back() ^= 1U;
  write();
  EXPECT_EQ(unseal_file(in_, out_, {identity_}).error().kind, Kind::not_acceptable);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

}  // namespace
}  // namespace seal
