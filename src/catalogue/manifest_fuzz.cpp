// A manifest out of anybody's hands: nothing that was not signed becomes an entry; what was signed, whatever it is, is
// read or refused. The first byte says whether the input is the whole file, or texts that are signed line by line.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sodium.h>
#include <string>
#include <unistd.h>

#include "catalogue/digest.hpp"
#include "catalogue/manifest.hpp"

namespace {

struct Signer {
  catalogue::PublicKey key;
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret{};

  Signer() {
    const std::array<unsigned char, crypto_sign_SEEDBYTES> seed{};
    crypto_sign_seed_keypair(key.bytes.data(), secret.data(), seed.data());
  }
  std::string line(const std::string& text) const {
    const std::string message = "telegraphone manifest 1\n" + text;
    std::array<unsigned char, crypto_sign_BYTES> signature{};
    crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(message.data()),
                         message.size(), secret.data());
    return text + " " + catalogue::hex(signature);
  }
};

std::string signed_lines(const Signer& signer, const std::string& input) {
  std::string text;
  for (std::size_t at = 0; at < input.size();) {
    const std::size_t end = std::min(input.find('\n', at), input.size());
    text += signer.line(input.substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const Signer signer;
  const bool is_signed = data[0] % 2 == 1;
  std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  if (is_signed) text = signed_lines(signer, text);
  const std::string path = "/tmp/manifest_fuzz." + std::to_string(::getpid());
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || ::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
  ::close(fd);
  std::int64_t entries = 0;
  const auto report = catalogue::read_manifest(path, signer.key, [&](const catalogue::Link& link) {
    ++entries;
    if (link.number < 1) std::abort();
  });
  ::unlink(path.c_str());
  if (!report || entries > report->lines) std::abort();
  if (entries < report->lines && report->findings.empty()) std::abort();
  return 0;
}
