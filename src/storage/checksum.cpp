#include "storage/checksum.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <vector>

#include "base/fd.hpp"
#include "storage/disk_error.hpp"

namespace storage {
namespace {

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

class Digesting {
 public:
  explicit Digesting(Digest kind) : context_(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(context_.get(), kind == Digest::sha256 ? EVP_sha256() : EVP_md5(), nullptr);
  }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string finish() {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    EVP_DigestFinal_ex(context_.get(), out, &length);
    return {reinterpret_cast<char*>(out), length};
  }

 private:
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace

std::string digest_of(Digest kind, std::string_view bytes) {
  Digesting digesting(kind);
  digesting.add(bytes);
  return digesting.finish();
}

base::Result<std::string> digest_of_file(Digest kind, const std::filesystem::path& path, std::uint64_t offset,
                                         std::uint64_t length, const std::function<void()>& gets_on) {
  constexpr std::size_t kBlock = 256 * 1024;
  const base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return disk_error("open " + path.string(), errno);
  Digesting digesting(kind);
  std::vector<char> block(kBlock);
  while (length > 0) {
    const std::size_t wanted = std::min<std::uint64_t>(length, kBlock);
    const ssize_t got = ::pread(fd.get(), block.data(), wanted, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return disk_error("read " + path.string(), errno);
    if (got == 0) break;
    digesting.add({block.data(), static_cast<std::size_t>(got)});
    offset += static_cast<std::uint64_t>(got);
    length -= static_cast<std::uint64_t>(got);
    if (gets_on) gets_on();
  }
  return digesting.finish();
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
       bytes.size(), out, &length);
  return {reinterpret_cast<char*>(out), length};
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
  return out;
}

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

std::string from_hex(std::string_view digits) {
  const auto value = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;
  };
  std::string out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    out += static_cast<char>(value(digits[i]) * 16 + value(digits[i + 1]));
  }
  return out;
}

}  // namespace storage
