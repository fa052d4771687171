#include "record/request.hpp"

namespace record {

std::string channels_text(const Settings& settings) {
  switch (settings.direction) {
    case Direction::send:
      return "send";
    case Direction::recv:
      return "recv";
    case Direction::duplex:
      break;
  }
  return settings.channels() == 2 ? "send, recv" : "mixed";
}

Tags tags_of(const Request& request, const Settings& settings, std::chrono::system_clock::time_point began) {
  return {.call_id = request.call_id,
          .component_id = request.component_id,
          .from = request.from,
          .to = request.to,
          .channels = channels_text(settings),
          .software = "Telegraphone/" TELEGRAPHONE_VERSION,
          .began = began};
}

std::string encoding_of(const Settings& settings) {
  if (settings.format != "wav" && settings.format != "raw") return {};
  std::string encoding = "pcm16";
  for (const Hint& hint : settings.hints) {
    if (hint.name == "encoding") encoding = hint.value;
  }
  return encoding;
}

Request disclosed(Request request) {
  if (request.settings.encrypt_to.empty()) return request;
  request.from.clear();
  request.to.clear();
  request.headers.clear();
  return request;
}

base::Result<void> check_encryption(const Settings& settings) {
  if (settings.encrypt_to.empty()) return {};
  const char* what = settings.double_pass             ? "hint 'double-pass'"
                     : settings.tracks != Tracks::mix ? "participants apart"
                                                      : nullptr;
  if (what == nullptr) return {};
  return base::Error{base::Kind::not_supported,
                     std::string(what) + ": this server encrypts what it records and cannot read it again",
                     base::Fault::peer};
}

bool keeps_master(const Settings& settings) {
  return settings.double_pass || settings.tracks == Tracks::participant_channels;
}

}  // namespace record
