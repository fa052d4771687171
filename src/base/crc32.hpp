#pragma once
// CRC-32 as in ISO 3309, zip and PNG: tells what a disk tore from what it kept. A pure function.

#include <cstdint>
#include <string_view>

namespace base {

std::uint32_t crc32(std::string_view bytes);

}  // namespace base
