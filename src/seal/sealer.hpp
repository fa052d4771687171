#pragma once
// Encrypts a file that is still growing (docs/encryption.md): bytes are appended, and places that were written before
// (a header) written anew; what comes out only ever grows, so that whatever of it is on the disk can be decrypted. The
// key of the file is random, known to nobody but the recipients, and forgotten with this object: what is written cannot
// be read back here. libsodium's crypto_secretstream (XChaCha20-Poly1305) and crypto_box_seal (X25519).
//
//   header: magic, recipients × sealed key, secretstream header
//   record: u32 length, secretstream message of { u8 operation, u64 offset, bytes }      … until operation `end`
//
// Has no file of its own: gives bytes. Owned by one thread.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "seal/keys.hpp"

namespace seal {

inline constexpr std::array<unsigned char, 8> kMagic = {'T', 'G', 'S', 'E', 'A', 'L', '1', '\n'};
// Of the name of a file that is sealed, behind what it holds: "x.mp3.sealed".
inline constexpr std::string_view kExtension = ".sealed";
inline constexpr std::size_t kMostRecipients = 64;
inline constexpr std::size_t kLongestPiece = 64 * 1024;  // bytes of the file in one record

enum class Operation : std::uint8_t {
  append = 0,    // offset: where it begins, which is the file's size before
  rewrite = 1,   // offset + length: at most the file's size
  truncate = 2,  // offset: the size from now on, at most that before
  end = 3,       // offset: the file's size; nothing follows
};

// Bytes in front of the first record.
std::size_t header_size(std::size_t recipients);

class Sealer {
 public:
  // bad_request without recipients or with too many.
  static base::Result<Sealer> open(std::span<const Recipient> recipients);
  Sealer(Sealer&&) noexcept;
  Sealer& operator=(Sealer&&) noexcept;
  ~Sealer();

  // Each puts what is to be written next behind `out`. Appended bytes are gathered until there is a whole piece or
  // flush() asks for them. The header comes with the first.
  void append(std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>& out);
  // `offset` + bytes.size() <= size().
  void rewrite(std::uint64_t offset, std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>& out);
  void truncate(std::uint64_t size, std::vector<std::uint8_t>& out);
  void flush(std::vector<std::uint8_t>& out);
  // The file is whole; nothing but flush(), which then does nothing, is called from here on.
  void end(std::vector<std::uint8_t>& out);

  std::uint64_t size() const;  // of the file as it will be decrypted

 private:
  struct State;
  explicit Sealer(std::unique_ptr<State> state);
  void put(Operation operation, std::uint64_t offset, std::span<const std::uint8_t> bytes,
           std::vector<std::uint8_t>& out);

  std::unique_ptr<State> state_;
};

}  // namespace seal
