#include "catalogue/digest.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sodium.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "base/fd.hpp"

namespace catalogue {
namespace {

constexpr std::size_t kBlock = 256 * 1024;

std::string hex_of(crypto_hash_sha256_state& state) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256_final(&state, digest.data());
  return hex(digest);
}

}  // namespace

std::string hex(std::span<const unsigned char> bytes) {
  std::string text(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

bool parse_hex(std::string_view text, std::span<unsigned char> out) {
  if (text.size() != 2 * out.size()) return false;
  std::size_t length = 0;
  return sodium_hex2bin(out.data(), out.size(), text.data(), text.size(), nullptr, &length, nullptr) == 0 &&
         length == out.size();
}

std::string sha256_of(std::string_view text) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  return hex_of(state);
}

base::Result<FileDigest> digest_file(const std::filesystem::path& file) {
  const auto failed = [&](int error) {
    const base::Kind kind = error == ENOENT || error == ENOTDIR ? base::Kind::not_found : base::Kind::internal;
    return base::Error{kind, "read " + file.string() + ": " + std::generic_category().message(error)};
  };
  const base::Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return failed(errno);
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  FileDigest digest;
  std::vector<unsigned char> block(kBlock);
  while (true) {
    const ssize_t got = ::read(fd.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(errno);
    if (got == 0) break;
    crypto_hash_sha256_update(&state, block.data(), static_cast<std::size_t>(got));
    digest.size += static_cast<std::uint64_t>(got);
  }
  digest.sha256 = hex_of(state);
  return digest;
}

}  // namespace catalogue
