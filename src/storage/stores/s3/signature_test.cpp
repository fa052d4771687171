// Against the examples of the Amazon S3 API Reference, "Signature Calculations for the Authorization Header".
#include "storage/stores/s3/signature.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/checksum.hpp"

namespace {

using namespace storage::s3;
using ::testing::EndsWith;

const Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
const auto kFriday = std::chrono::system_clock::from_time_t(1369353600);  // 2013-05-24T00:00:00Z
const std::string kNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string signature_of(const Signable& request) {
  return signed_headers(request, kExample, "us-east-1", kFriday).back();
}

TEST(S3Signature, OfAGetIsAsAmazonHasPublishedIt) {
  EXPECT_THAT(
      signature_of({"GET", "examplebucket.s3.amazonaws.com", "/test.txt", {}, {{"range", "bytes=0-9"}}, kNothing}),
      EndsWith("SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
               "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
}

TEST(S3Signature, OfAPutIsAsAmazonHasPublishedIt) {
  EXPECT_THAT(signature_of({"PUT",
                            "examplebucket.s3.amazonaws.com",
                            "/test%24file.text",
                            {},
                            {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                            storage::hex(storage::digest_of(storage::Digest::sha256, "Welcome to Amazon S3."))}),
              EndsWith("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST(S3Signature, OfAQueryIsAsAmazonHasPublishedIt) {
  EXPECT_THAT(signature_of({"GET", "examplebucket.s3.amazonaws.com", "/", {{"lifecycle", ""}}, {}, kNothing}),
              EndsWith("Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
  EXPECT_THAT(
      signature_of({"GET", "examplebucket.s3.amazonaws.com", "/", {{"prefix", "J"}, {"max-keys", "2"}}, {}, kNothing}),
      EndsWith("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(S3Signature, SignsASessionTokenAndOrdersHeadersByTheirNamesAlone) {
  Credentials with_token = kExample;
  with_token.session_token = "token";
  const auto lines = signed_headers(
      {"PUT",
       "h",
       "/",
       {},
       {{"x-amz-server-side-encryption", "aws:kms"}, {"x-amz-server-side-encryption-aws-kms-key-id", "k"}},
       kNothing},
      with_token, "us-east-1", kFriday);
  EXPECT_THAT(
      lines.back(),
      ::testing::HasSubstr("x-amz-security-token;x-amz-server-side-encryption;x-amz-server-side-encryption-aws-kms"));
}

}  // namespace
