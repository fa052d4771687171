#include "sip/header_check.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <strings.h>

namespace sip {
namespace {

constexpr std::size_t kLongestName = 128;
constexpr std::size_t kLongestValue = 4096;

// Routing, dialogs, transactions, bodies and negotiation belong to the stack. Compact forms (RFC 3261 §7.3.3) too.
constexpr std::array<std::string_view, 44> kReserved{"Accept",
                                                     "Accept-Encoding",
                                                     "Allow",
                                                     "Allow-Events",
                                                     "Call-ID",
                                                     "i",
                                                     "Contact",
                                                     "m",
                                                     "Content-Type",
                                                     "c",
                                                     "Content-Length",
                                                     "l",
                                                     "Content-Disposition",
                                                     "Content-Encoding",
                                                     "e",
                                                     "CSeq",
                                                     "Event",
                                                     "o",
                                                     "From",
                                                     "f",
                                                     "MIME-Version",
                                                     "Max-Forwards",
                                                     "Min-SE",
                                                     "Path",
                                                     "Proxy-Require",
                                                     "RAck",
                                                     "RSeq",
                                                     "Record-Route",
                                                     "Replaces",
                                                     "Require",
                                                     "Route",
                                                     "Security-Verify",
                                                     "Server",
                                                     "Session-Expires",
                                                     "x",
                                                     "Supported",
                                                     "k",
                                                     "Timestamp",
                                                     "To",
                                                     "t",
                                                     "Unsupported",
                                                     "User-Agent",
                                                     "Via",
                                                     "v"};

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) || std::string_view("-.!%*_+`'~").find(c) != std::string_view::npos;
  });
}

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

base::Result<void> check_header(std::string_view name, std::string_view value) {
  if (!is_token(name) || name.size() > kLongestName) return base::bad_request("a header's name is not a token");
  const std::string quoted = "header " + std::string(name);
  if (value.size() > kLongestValue) return base::bad_request(quoted + ": longer than 4096 bytes");
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7F)
      return base::bad_request(quoted + ": control character in the value");
  }
  if (std::any_of(kReserved.begin(), kReserved.end(), [&](auto reserved) { return same_word(reserved, name); })) {
    return base::Error{base::Kind::not_allowed, quoted + " is set by the server itself", base::Fault::peer};
  }
  return {};
}

base::Result<void> check_uri(std::string_view uri) {
  const auto colon = uri.find(':');
  const bool has_scheme = colon != std::string_view::npos && colon > 0 && colon + 1 < uri.size() &&
                          std::all_of(uri.begin(), uri.begin() + static_cast<std::ptrdiff_t>(colon),
                                      [](char c) { return is_alphanumeric(c) || c == '+' || c == '-' || c == '.'; });
  const bool is_clean = uri.size() <= kLongestValue && std::all_of(uri.begin(), uri.end(), [](char c) {
                          const auto byte = static_cast<unsigned char>(c);
                          return byte > 0x20 && byte < 0x7F && c != '<' && c != '>' && c != '"';
                        });
  if (!has_scheme || !is_clean) return base::bad_request("not a URI that can be called");
  return {};
}

}  // namespace sip
