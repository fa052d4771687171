#include "record/formats/byte_printer.hpp"

#include <algorithm>

namespace record {

void BytePrinter::little(std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void BytePrinter::big(std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0;) bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void BytePrinter::text(std::string_view text) { bytes_.insert(bytes_.end(), text.begin(), text.end()); }

void BytePrinter::text(std::string_view text, std::size_t length) {
  this->text(text.substr(0, length));
  zeros(length - std::min(length, text.size()));
}

void BytePrinter::bytes(std::span<const std::uint8_t> more) { bytes_.insert(bytes_.end(), more.begin(), more.end()); }

void BytePrinter::zeros(std::size_t count) { bytes_.resize(bytes_.size() + count); }

}  // namespace record
