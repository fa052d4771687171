#pragma once
// A session description (RFC 8866) as a value: parse and print. Unknown lines and attributes are kept or skipped, never
// an error; what breaks the grammar of a line that matters is. Pure functions, any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace sdp {

enum class Direction { sendrecv, sendonly, recvonly, inactive };

struct Attribute {
  std::string name;
  std::string value;  // empty for a flag
};

struct Media {
  std::string type = "audio";  // m= <type> <port>[/<count>] <proto> <fmt> …
  std::uint16_t port = 0;      // 0: refused or disabled
  std::string proto = "RTP/AVP";
  std::vector<std::string> formats;
  std::string connection;             // c= address of this section, empty: the session's
  std::vector<Attribute> attributes;  // in order

  const std::string* attribute(std::string_view name) const;  // first, or null; "" for a flag
  bool has(std::string_view name) const { return attribute(name) != nullptr; }
};

struct Session {
  std::string origin_user = "-";
  std::uint64_t origin_id = 0;
  std::uint64_t origin_version = 0;
  std::string origin_address;  // numeric
  std::string name = "-";
  std::string connection;  // c= address, numeric or a host name as received
  std::vector<Attribute> attributes;
  std::vector<Media> media;

  const std::string* attribute(std::string_view name) const;
};

inline constexpr std::size_t kMaxSize = 65536;  // bytes; more is refused

// Accepts LF for CRLF, missing s= or t=, and a missing final line end. Errors name the line.
base::Result<Session> parse(std::string_view text);
std::string print(const Session& session);

}  // namespace sdp
