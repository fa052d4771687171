#pragma once
// Appends numbers and text to bytes: how headers are made. A value; any thread.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace record {

class BytePrinter {
 public:
  void little(std::uint64_t value, unsigned bytes);
  void big(std::uint64_t value, unsigned bytes);
  void text(std::string_view text);
  // Exactly `length` bytes: cut, or filled up with zeros.
  void text(std::string_view text, std::size_t length);
  void bytes(std::span<const std::uint8_t> more);
  void zeros(std::size_t count);

  std::size_t size() const { return bytes_.size(); }
  const std::vector<std::uint8_t>& printed() const { return bytes_; }
  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace record
