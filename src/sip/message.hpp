#pragma once
// What is read out of a SIP message that Sofia has parsed, as plain values. Signalling thread.

#include <string>
#include <string_view>

#include "net/address.hpp"
#include "sip/sofia.hpp"
#include "sip/user_agent.hpp"

namespace sip {

// Every header in the order of the message, names written out in full, values unfolded but otherwise as received.
Headers headers_of(const sip_t& message);

std::string uri_of(const url_t& url);

// The body if it is a session description, alone or as a part of multipart/mixed (RFC 5621); else empty.
std::string session_description(const sip_t& message);
// False for a body that must be understood (RFC 3261 §8.2.3) and is neither SDP nor carries any.
bool is_body_understood(const sip_t& message);

std::string body_of(const sip_t& message);
std::string content_type_of(const sip_t& message);

// The text of the Reason header, or its protocol and cause (RFC 3326); empty if there is none.
std::string reason_of(const sip_t& message);

bool requires_option(const sip_t& message, const char* option);
bool supports_option(const sip_t& message, const char* option);

struct Source {
  bool tcp = false;
  net::Address address;
  std::string str() const { return (tcp ? "tcp:" : "udp:") + address.str(); }
};
// Where the message came from; without an address for a response that the stack made up.
Source source_of(msg_t* message, const sip_t& parsed);

// One line "Name: value" of a header block cut into name and value; exposed for its fuzzer. Name empty: not a header.
std::pair<std::string, std::string> split_header(std::string_view line);
// The part of a multipart body that has that content type; nothing if there is none. Exposed for its fuzzer.
std::string_view part_of_multipart(std::string_view body, std::string_view boundary, std::string_view content_type);

}  // namespace sip
