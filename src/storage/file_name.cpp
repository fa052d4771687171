#include "storage/file_name.hpp"

#include <algorithm>
#include <ctime>

namespace storage {
namespace {

// The locale has no say in this.
bool is_letter_or_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

std::string sanitised(std::string_view id) {
  constexpr std::size_t kLongest = 64;
  std::string name(id.substr(0, kLongest));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !is_letter_or_digit(c) && c != '_' && c != '-'; }, '_');
  return name.empty() ? "_" : name;
}

std::string file_stem(std::chrono::system_clock::time_point began, std::string_view call_id,
                      std::string_view component_id) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(began);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  const std::size_t length = std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return std::string(text, length) + "-" + sanitised(call_id) + "-" + sanitised(component_id);
}

std::string day_folder(std::string_view stem) {
  if (stem.size() < 8) return "undated";  // no name of ours
  return std::string(stem.substr(0, 4)) + "-" + std::string(stem.substr(4, 2)) + "-" + std::string(stem.substr(6, 2));
}

std::string file_uri(const std::filesystem::path& path) {
  constexpr std::string_view kPlain = "/-._~!$&'()*+,;=:@";  // RFC 3986 §3.3: pchar and the slash
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path.native()) {
    if (is_letter_or_digit(c) || kPlain.find(c) != std::string_view::npos) {
      uri += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      uri += '%';
      uri += kHex[byte >> 4U];
      uri += kHex[byte & 15U];
    }
  }
  return uri;
}

}  // namespace storage
