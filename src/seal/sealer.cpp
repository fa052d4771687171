#include "seal/sealer.hpp"

#include <algorithm>
#include <cassert>
#include <sodium.h>
#include <utility>

#include "seal/big_endian.hpp"

namespace seal {

struct Sealer::State {
  crypto_secretstream_xchacha20poly1305_state stream{};
  std::vector<std::uint8_t> header;  // until it is given away
  std::array<unsigned char, crypto_generichash_BYTES> header_hash{};
  std::vector<std::uint8_t> pending;  // appended, and not in a record yet
  std::vector<std::uint8_t> plain;    // of one record
  std::uint64_t sealed = 0;           // bytes of the file that are in records

  ~State() { sodium_memzero(&stream, sizeof stream); }
};

std::size_t header_size(std::size_t recipients) {
  constexpr std::size_t kBox = crypto_secretstream_xchacha20poly1305_KEYBYTES + crypto_box_SEALBYTES;
  return kMagic.size() + sizeof(std::uint16_t) + recipients * kBox + crypto_secretstream_xchacha20poly1305_HEADERBYTES;
}

Sealer::Sealer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Sealer::Sealer(Sealer&&) noexcept = default;
Sealer& Sealer::operator=(Sealer&&) noexcept = default;
Sealer::~Sealer() = default;

base::Result<Sealer> Sealer::open(std::span<const Recipient> recipients) {
  if (recipients.empty() || recipients.size() > kMostRecipients) {
    return base::bad_request("encrypt to 1 to " + std::to_string(kMostRecipients) + " keys");
  }
  if (sodium_init() < 0) return base::Error{base::Kind::internal, "libsodium does not start"};
  auto state = std::make_unique<State>();
  std::array<unsigned char, crypto_secretstream_xchacha20poly1305_KEYBYTES> key{};
  std::array<unsigned char, crypto_secretstream_xchacha20poly1305_HEADERBYTES> stream_header{};
  crypto_secretstream_xchacha20poly1305_keygen(key.data());
  std::vector<std::uint8_t>& header = state->header;
  header.assign(kMagic.begin(), kMagic.end());
  put_number(static_cast<std::uint16_t>(recipients.size()), header);
  base::Result<void> sealed;
  for (const Recipient& recipient : recipients) {
    std::array<unsigned char, key.size() + crypto_box_SEALBYTES> box{};
    if (crypto_box_seal(box.data(), key.data(), key.size(), recipient.bytes.data()) != 0) {
      sealed = base::bad_request("encrypt to " + recipient.text() + ": it is no key");
    }
    header.insert(header.end(), box.begin(), box.end());
  }
  crypto_secretstream_xchacha20poly1305_init_push(&state->stream, stream_header.data(), key.data());
  sodium_memzero(key.data(), key.size());
  if (!sealed) return std::move(sealed.error());
  header.insert(header.end(), stream_header.begin(), stream_header.end());
  crypto_generichash(state->header_hash.data(), state->header_hash.size(), header.data(), header.size(), nullptr, 0);
  return Sealer(std::move(state));
}

std::uint64_t Sealer::size() const { return state_->sealed + state_->pending.size(); }

void Sealer::put(Operation operation, std::uint64_t offset, std::span<const std::uint8_t> bytes,
                 std::vector<std::uint8_t>& out) {
  State& state = *state_;
  out.insert(out.end(), state.header.begin(), state.header.end());
  state.header.clear();
  state.plain.clear();
  state.plain.push_back(static_cast<std::uint8_t>(operation));
  put_number(offset, state.plain);
  state.plain.insert(state.plain.end(), bytes.begin(), bytes.end());
  const std::size_t length = state.plain.size() + crypto_secretstream_xchacha20poly1305_ABYTES;
  put_number(static_cast<std::uint32_t>(length), out);
  out.resize(out.size() + length);
  const unsigned char tag = operation == Operation::end ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
                                                        : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
  crypto_secretstream_xchacha20poly1305_push(&state.stream, out.data() + out.size() - length, nullptr,
                                             state.plain.data(), state.plain.size(), state.header_hash.data(),
                                             state.header_hash.size(), tag);
}

void Sealer::append(std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>& out) {
  std::vector<std::uint8_t>& pending = state_->pending;
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), kLongestPiece - pending.size());
    pending.insert(pending.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    if (pending.size() == kLongestPiece) flush(out);
  }
}

void Sealer::rewrite(std::uint64_t offset, std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>& out) {
  assert(offset <= size() && bytes.size() <= size() - offset);
  if (!state_->pending.empty()) flush(out);
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), kLongestPiece));
    put(Operation::rewrite, offset, piece, out);
    offset += piece.size();
    bytes = bytes.subspan(piece.size());
  }
}

void Sealer::truncate(std::uint64_t size, std::vector<std::uint8_t>& out) {
  assert(size <= this->size());
  if (!state_->pending.empty()) flush(out);
  put(Operation::truncate, size, {}, out);
  state_->sealed = size;
}

void Sealer::flush(std::vector<std::uint8_t>& out) {
  if (state_->pending.empty()) {  // the header alone is worth having
    out.insert(out.end(), state_->header.begin(), state_->header.end());
    state_->header.clear();
    return;
  }
  put(Operation::append, state_->sealed, state_->pending, out);
  state_->sealed += state_->pending.size();
  sodium_memzero(state_->pending.data(), state_->pending.size());
  state_->pending.clear();
}

void Sealer::end(std::vector<std::uint8_t>& out) {
  if (!state_->pending.empty()) flush(out);
  put(Operation::end, state_->sealed, {}, out);
}

}  // namespace seal
