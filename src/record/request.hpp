#pragma once
// What a recording is opened with, and what follows from it alone. Values and pure functions.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "record/formats/format.hpp"
#include "record/settings.hpp"

namespace record {

struct Request {
  std::string call_id;       // our own id of the call (letters and digits), for the name
  std::string component_id;  // likewise
  Settings settings;
  std::uint32_t rate = 8000;  // of the audio that will be pushed, Hz
  std::string to, from;       // parties, for tags; never for names
  std::string client = {};    // who is to be told, where that happens after a crash only; means nothing to this layer
  std::string account = {};   // of the client that asked for it: a bare JID; for storage rules and the catalogue
  // Of the call's INVITE, names in lower case; for storage rules.
  std::map<std::string, std::string> headers = {};
};

// What each channel of such a recording is: "send", "recv", "mixed" or "send, recv".
std::string channels_text(const Settings& settings);
Tags tags_of(const Request& request, const Settings& settings, std::chrono::system_clock::time_point began);
// How the samples are held, where the format leaves a choice; else empty.
std::string encoding_of(const Settings& settings);
// What of it may be written to the disk as it is: of what is encrypted neither who speaks nor what the INVITE said.
Request disclosed(Request request);
// not_supported where it is to be encrypted, and would have to be read again.
base::Result<void> check_encryption(const Settings& settings);
// The file is made after the end.
bool keeps_master(const Settings& settings);

}  // namespace record
