#include "seal/unsealer.hpp"

#include <algorithm>
#include <sodium.h>
#include <utility>

#include "seal/big_endian.hpp"

namespace seal {
namespace {

constexpr std::size_t kBox = crypto_secretstream_xchacha20poly1305_KEYBYTES + crypto_box_SEALBYTES;
constexpr std::size_t kStreamHeader = crypto_secretstream_xchacha20poly1305_HEADERBYTES;
constexpr std::size_t kCountAt = kMagic.size();
constexpr std::size_t kBoxesAt = kCountAt + 2;
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kPlainHead = 1 + 8;
constexpr std::size_t kShortest = kPlainHead + crypto_secretstream_xchacha20poly1305_ABYTES;

base::Error no_sealed_file() { return base::bad_request("this is no sealed recording"); }
base::Error altered(const char* how) {
  return {base::Kind::not_acceptable, std::string("the file was altered: ") + how, base::Fault::peer};
}

}  // namespace

struct Unsealer::State {
  std::vector<Identity> identities;
  std::vector<std::uint8_t> buffer;  // what is not a whole header or record yet
  std::size_t used = 0;              // of the buffer
  bool has_header = false, is_whole = false;
  std::optional<base::Error> failed;
  crypto_secretstream_xchacha20poly1305_state stream{};
  std::array<unsigned char, crypto_generichash_BYTES> header_hash{};
  std::vector<std::uint8_t> plain;
  std::uint64_t size = 0;

  ~State() { sodium_memzero(&stream, sizeof stream); }

  std::span<const std::uint8_t> rest() const { return std::span(buffer).subspan(used); }
  // True: one was taken. False: more bytes are needed.
  base::Result<bool> take_header();
  base::Result<bool> take_record(const std::function<base::Result<void>(const Change&)>& change);
  base::Result<void> apply(const Change& change);
  bool open_boxes(std::span<const std::uint8_t> boxes, std::span<unsigned char> key) const;
};

base::Result<bool> Unsealer::State::take_header() {
  const auto bytes = rest();
  const std::size_t known = std::min(bytes.size(), kMagic.size());
  if (!std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(known), kMagic.begin())) {
    return no_sealed_file();
  }
  if (bytes.size() < kBoxesAt) return false;
  const std::size_t count = number_at<std::uint16_t>(bytes.subspan(kCountAt));
  if (count < 1 || count > kMostRecipients) return no_sealed_file();
  const std::size_t length = kBoxesAt + count * kBox + kStreamHeader;
  if (bytes.size() < length) return false;
  std::array<unsigned char, crypto_secretstream_xchacha20poly1305_KEYBYTES> key{};
  if (!open_boxes(bytes.subspan(kBoxesAt, count * kBox), key)) {
    return base::Error{base::Kind::not_authorized, "it is encrypted to other keys", base::Fault::peer};
  }
  crypto_secretstream_xchacha20poly1305_init_pull(&stream, bytes.data() + length - kStreamHeader, key.data());
  sodium_memzero(key.data(), key.size());
  crypto_generichash(header_hash.data(), header_hash.size(), bytes.data(), length, nullptr, 0);
  used += length;
  has_header = true;
  return true;
}

bool Unsealer::State::open_boxes(std::span<const std::uint8_t> boxes, std::span<unsigned char> key) const {
  for (; !boxes.empty(); boxes = boxes.subspan(kBox)) {
    for (const Identity& identity : identities) {
      if (crypto_box_seal_open(key.data(), boxes.data(), kBox, identity.recipient().bytes.data(),
                               identity.secret().data()) == 0) {
        return true;
      }
    }
  }
  return false;
}

base::Result<bool> Unsealer::State::take_record(const std::function<base::Result<void>(const Change&)>& change) {
  const auto bytes = rest();
  if (bytes.empty()) return false;
  if (is_whole) return altered("there is something behind its end");
  if (bytes.size() < kLengthBytes) return false;
  const std::size_t length = number_at<std::uint32_t>(bytes);
  if (length < kShortest || length > kShortest + kLongestPiece) return altered("a record has an impossible length");
  if (bytes.size() < kLengthBytes + length) return false;
  plain.resize(length - crypto_secretstream_xchacha20poly1305_ABYTES);
  unsigned char tag = 0;
  if (crypto_secretstream_xchacha20poly1305_pull(&stream, plain.data(), nullptr, &tag, bytes.data() + kLengthBytes,
                                                 length, header_hash.data(), header_hash.size()) != 0) {
    return altered("a record is not what was written");
  }
  used += kLengthBytes + length;
  if (plain[0] > static_cast<std::uint8_t>(Operation::end)) return altered("a record says something unknown");
  const Change one{static_cast<Operation>(plain[0]), number_at<std::uint64_t>(std::span(plain).subspan(1)),
                   std::span(plain).subspan(kPlainHead)};
  if ((tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL) != (one.operation == Operation::end)) {
    return altered("its end is not where it should be");
  }
  if (auto applied = apply(one); !applied) return std::move(applied.error());
  if (auto taken = change(one); !taken) return std::move(taken.error());
  return true;
}

// The key is public: who sealed it need not be one of us, and a hole of exabytes is refused.
base::Result<void> Unsealer::State::apply(const Change& change) {
  switch (change.operation) {
    case Operation::append:
      if (change.offset != size) return altered("a record is not in its place");
      size += change.bytes.size();
      return {};
    case Operation::rewrite:
      if (change.offset > size || change.bytes.size() > size - change.offset) {
        return altered("a record is not in its place");
      }
      return {};
    case Operation::truncate:
      if (change.offset > size || !change.bytes.empty()) return altered("a record is not in its place");
      size = change.offset;
      return {};
    case Operation::end:
      if (change.offset != size || !change.bytes.empty()) return altered("its length is not what it should be");
      is_whole = true;
      return {};
  }
  return {};
}

Unsealer::Unsealer(std::vector<Identity> identities) : state_(std::make_unique<State>()) {
  state_->identities = std::move(identities);
}
Unsealer::Unsealer(Unsealer&&) noexcept = default;
Unsealer& Unsealer::operator=(Unsealer&&) noexcept = default;
Unsealer::~Unsealer() = default;

base::Result<void> Unsealer::feed(std::span<const std::uint8_t> bytes,
                                  const std::function<base::Result<void>(const Change&)>& change) {
  State& state = *state_;
  if (state.failed) return *state.failed;
  state.buffer.insert(state.buffer.end(), bytes.begin(), bytes.end());
  while (true) {
    auto taken = state.has_header ? state.take_record(change) : state.take_header();
    if (!taken) {
      state.failed = taken.error();
      return std::move(taken.error());
    }
    if (!*taken) break;
  }
  state.buffer.erase(state.buffer.begin(),
                     state.buffer.begin() + static_cast<std::ptrdiff_t>(std::exchange(state.used, 0)));
  return {};
}

bool Unsealer::is_whole() const { return state_->is_whole; }
std::uint64_t Unsealer::size() const { return state_->size; }
std::size_t Unsealer::left_over() const { return state_->buffer.size() - state_->used; }

}  // namespace seal
