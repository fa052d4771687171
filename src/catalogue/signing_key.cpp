#include "catalogue/signing_key.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "base/fd.hpp"
#include "base/random.hpp"
#include "catalogue/digest.hpp"

namespace catalogue {
namespace {

base::Error file_error(const std::filesystem::path& file, int error) {
  const bool is_full = error == ENOSPC || error == EDQUOT;
  return {error == ENOENT ? base::Kind::not_found
          : is_full       ? base::Kind::no_resources
                          : base::Kind::internal,
          "key " + file.string() + ": " + std::generic_category().message(error)};
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kWhite = " \t\r\n";
  const auto first = text.find_first_not_of(kWhite);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kWhite) - first + 1);
}

// At most a few hundred bytes: keys are short.
base::Result<std::string> read_short(const std::filesystem::path& file, bool is_secret) {
  const base::Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return file_error(file, errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return file_error(file, errno);
  if (is_secret && (status.st_mode & 077U) != 0) {
    return base::Error{base::Kind::not_allowed, "key " + file.string() + ": others may read it (chmod 600)"};
  }
  std::string text(512, '\0');
  const ssize_t got = ::read(fd.get(), text.data(), text.size());
  if (got < 0) return file_error(file, errno);
  text.resize(static_cast<std::size_t>(got));
  return text;
}

// Whole or not at all; EEXIST where there is one already.
int write_new(const std::filesystem::path& file, const std::string& text, mode_t mode) {
  const std::filesystem::path part = file.string() + "." + base::random_id(8);
  const base::Fd fd(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) return errno;
  int error = 0;
  const ssize_t written = ::write(fd.get(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size())) error = written < 0 ? errno : ENOSPC;
  if (error == 0 && ::fsync(fd.get()) != 0) error = errno;
  if (error == 0 && ::link(part.c_str(), file.c_str()) != 0) error = errno;
  ::unlink(part.c_str());
  if (error != 0) return error;
  const base::Fd folder(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder && ::fsync(folder.get()) == 0 ? 0 : errno;
}

}  // namespace

std::optional<PublicKey> PublicKey::parse(std::string_view text) {
  PublicKey key;
  if (!parse_hex(trimmed(text), key.bytes)) return std::nullopt;
  return key;
}

base::Result<PublicKey> PublicKey::read(const std::filesystem::path& file) {
  const auto text = read_short(file, false);
  if (!text) return text.error();
  const auto key = parse(*text);
  if (!key) return base::bad_request("key " + file.string() + ": expected 64 hexadecimal digits");
  return *key;
}

std::string PublicKey::text() const { return hex(bytes); }

bool PublicKey::has_signed(std::string_view message, std::span<const unsigned char, 64> signature) const {
  return crypto_sign_verify_detached(signature.data(), reinterpret_cast<const unsigned char*>(message.data()),
                                     message.size(), bytes.data()) == 0;
}

SigningKey::SigningKey(const std::array<unsigned char, 32>& seed) {
  crypto_sign_seed_keypair(public_key_.bytes.data(), secret_.data(), seed.data());
}

SigningKey::~SigningKey() { sodium_memzero(secret_.data(), secret_.size()); }

base::Result<SigningKey> SigningKey::open_or_make(const std::filesystem::path& file) {
  std::array<unsigned char, 32> seed{};
  auto text = read_short(file, true);
  if (!text && text.error().kind == base::Kind::not_found) {
    base::random_bytes(seed);
    const int error = write_new(file, hex(seed) + "\n", 0600);
    if (error != 0 && error != EEXIST) return file_error(file, error);
    text = read_short(file, true);  // another process may have been faster
  }
  if (!text) return std::move(text.error());
  if (!parse_hex(trimmed(*text), seed)) {
    return base::bad_request("key " + file.string() + ": expected 64 hexadecimal digits");
  }
  SigningKey key(seed);
  sodium_memzero(seed.data(), seed.size());
  sodium_memzero(text->data(), text->size());
  std::error_code unknown;
  if (std::filesystem::exists(file.string() + ".pub", unknown)) return key;  // a full disk is no reason not to sign
  const int error = write_new(file.string() + ".pub", key.public_key_.text() + "\n", 0644);
  if (error != 0 && error != EEXIST) return file_error(file.string() + ".pub", error);
  return key;
}

std::array<unsigned char, 64> SigningKey::sign(std::string_view message) const {
  std::array<unsigned char, 64> signature{};
  crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(message.data()),
                       message.size(), secret_.data());
  return signature;
}

}  // namespace catalogue
