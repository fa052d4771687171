#pragma once
// Decrypts what Sealer made, record by record: every byte that comes out was written by the one who sealed the file, in
// this order. A file that a crash cut short is good as far as its last whole record. Owned by one thread.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "seal/keys.hpp"
#include "seal/sealer.hpp"

namespace seal {

// One change of the file; `bytes` is valid until the next.
struct Change {
  Operation operation = Operation::append;
  std::uint64_t offset = 0;
  std::span<const std::uint8_t> bytes{};
};

class Unsealer {
 public:
  explicit Unsealer(std::vector<Identity> identities);
  Unsealer(Unsealer&&) noexcept;
  Unsealer& operator=(Unsealer&&) noexcept;
  ~Unsealer();

  // The next bytes, in pieces of any length; `change` is called for each change that is complete, and may fail. Errors:
  // bad_request (it is no sealed file), not_authorized (none of the keys fits), not_acceptable (it was altered).
  // Nothing is taken after an error.
  base::Result<void> feed(std::span<const std::uint8_t> bytes,
                          const std::function<base::Result<void>(const Change&)>& change);
  bool is_whole() const;          // the end has come
  std::uint64_t size() const;     // of the file so far
  std::size_t left_over() const;  // bytes of a record, or of the header, that are not complete

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Unsealed {
  std::uint64_t size = 0;
  bool is_whole = false;  // else it was cut short, by a crash: as far as it goes it is right
};
// Decrypts a file into a new one (mode 0600), which appears there when it is complete; conflict where there is one
// already. Without `out` it is only verified.
base::Result<Unsealed> unseal_file(const std::filesystem::path& in, const std::optional<std::filesystem::path>& out,
                                   std::vector<Identity> identities);

}  // namespace seal
