// Sealed files out of anybody's hands. The first byte says what the rest is: a whole sealed file; records' plain texts,
// which are sealed as anybody could who knows the public key; changes of a file, which have to come out as they went
// in; or keys.
#include <cstdint>
#include <cstdlib>
#include <sodium.h>
#include <string>

#include "seal/bech32.hpp"
#include "seal/big_endian.hpp"
#include "seal/replica_for_test.hpp"

namespace {

using Bytes = std::vector<std::uint8_t>;

void require(bool condition) {
  if (!condition) std::abort();
}

const seal::Identity& identity() {
  static const seal::Identity one = *seal::Identity::parse(std::string(64, '4'));
  return one;
}

struct Opened {
  Bytes bytes;
  bool is_good = true, is_whole = false;
};

Opened opened(std::span<const std::uint8_t> sealed, std::size_t piece) {
  seal::Unsealer unsealer({identity()});
  seal::Replica replica;
  Opened result;
  while (!sealed.empty() && result.is_good) {
    const auto next = sealed.first(std::min(piece, sealed.size()));
    sealed = sealed.subspan(next.size());
    result.is_good = static_cast<bool>(unsealer.feed(next, [&](const seal::Change& c) { return replica.apply(c); }));
  }
  require(unsealer.size() == replica.bytes.size());
  result.bytes = replica.bytes;
  result.is_whole = unsealer.is_whole();
  return result;
}

// Records of any content, each as long as its first byte says, with a tag by its second.
Bytes sealed_texts(std::span<const std::uint8_t> input) {
  Bytes out(seal::kMagic.begin(), seal::kMagic.end());
  seal::put_number(std::uint16_t{1}, out);
  const std::array<unsigned char, crypto_secretstream_xchacha20poly1305_KEYBYTES> key{};
  std::array<unsigned char, key.size() + crypto_box_SEALBYTES> box{};
  crypto_box_seal(box.data(), key.data(), key.size(), identity().recipient().bytes.data());
  out.insert(out.end(), box.begin(), box.end());
  crypto_secretstream_xchacha20poly1305_state stream{};
  std::array<unsigned char, crypto_secretstream_xchacha20poly1305_HEADERBYTES> header{};
  crypto_secretstream_xchacha20poly1305_init_push(&stream, header.data(), key.data());
  out.insert(out.end(), header.begin(), header.end());
  std::array<unsigned char, crypto_generichash_BYTES> hash{};
  crypto_generichash(hash.data(), hash.size(), out.data(), out.size(), nullptr, 0);
  while (input.size() >= 2) {
    const auto text = input.subspan(2, std::min<std::size_t>(input[0], input.size() - 2));
    const unsigned char tag = input[1] % 4;
    input = input.subspan(2 + text.size());
    Bytes message(text.size() + crypto_secretstream_xchacha20poly1305_ABYTES);
    crypto_secretstream_xchacha20poly1305_push(&stream, message.data(), nullptr, text.data(), text.size(), hash.data(),
                                               hash.size(), tag);
    seal::put_number(static_cast<std::uint32_t>(message.size()), out);
    out.insert(out.end(), message.begin(), message.end());
  }
  return out;
}

void round_trip(std::span<const std::uint8_t> input) {
  const std::vector<seal::Recipient> recipients = {identity().recipient()};
  auto sealer = seal::Sealer::open(recipients);
  require(static_cast<bool>(sealer));
  Bytes sealed;
  Bytes model;
  while (input.size() >= 4) {
    const std::uint8_t what = input[0] % 4;
    const std::size_t at = model.empty() ? 0 : (input[1] << 8U | input[2]) % (model.size() + 1);
    const std::size_t length = input[3] * (input[0] / 4U);
    input = input.subspan(4);
    if (what == 0) {
      const Bytes bytes(length, static_cast<std::uint8_t>(at));
      sealer->append(bytes, sealed);
      model.insert(model.end(), bytes.begin(), bytes.end());
    } else if (what == 1) {
      const Bytes bytes(std::min(length, model.size() - at), static_cast<std::uint8_t>(length));
      sealer->rewrite(at, bytes, sealed);
      std::copy(bytes.begin(), bytes.end(), model.begin() + static_cast<std::ptrdiff_t>(at));
    } else if (what == 2) {
      sealer->truncate(at, sealed);
      model.resize(at);
    } else {
      sealer->flush(sealed);
    }
    require(sealer->size() == model.size());
  }
  sealer->end(sealed);
  const Opened result = opened(sealed, 1000);
  require(result.is_good && result.is_whole && result.bytes == model);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> input(data + 1, size - 1);
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 4) {
    case 0:
      opened(input, 1000);
      break;
    case 1: {
      const Bytes sealed = sealed_texts(input);
      const Opened whole = opened(sealed, sealed.size());
      const Opened pieces = opened(sealed, 3);
      require(whole.bytes == pieces.bytes && whole.is_whole == pieces.is_whole);
      break;
    }
    case 2:
      round_trip(input);
      break;
    default:
      (void)seal::parse_identities(text);
      if (const auto parsed = seal::parse_bech32(text)) {
        const auto again = seal::parse_bech32(seal::bech32_text(parsed->prefix, parsed->bytes));
        require(again && again->bytes == parsed->bytes && again->prefix == parsed->prefix);
      }
      if (const auto key = seal::Recipient::parse(text)) require(seal::Recipient::parse(key->text()) == key);
  }
  return 0;
}
