#include "sip/farewells.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "sip/next_hop.hpp"

namespace sip {
namespace {

constexpr int kAtATime = 10;  // a hundred a second
constexpr std::chrono::seconds kPatience{5};
// Above whatever the dialog has counted up to: NUA begins below 2^27, and a number may be skipped (RFC 3261 §12.2.2). A
// note need not be written anew for each request, then.
constexpr const char* kSequence = "1073741824 BYE";
constexpr const char* kReason = "Reason: SIP;cause=503;text=\"Server restarted\"\r\n";

}  // namespace

void Farewells::take(const std::map<std::string, std::string>& notes) {
  for (const auto& [name, text] : notes) {
    auto note = parse_dialog_note(text);
    if (note && waiting_.size() < kMost) {
      waiting_.emplace_back(name, std::move(*note));
    } else {
      base::log::warn("sip", "dialog {} of the process before this one: {}", name,
                      note ? "too many, it gets no BYE" : "its note cannot be read");
      notes_.remove(name);
    }
  }
  if (!waiting_.empty()) base::log::info("sip", "{} calls were up when the server was killed: BYE", waiting_.size());
}

void Farewells::on_time(base::Time now) {
  for (int i = 0; i < kAtATime && !waiting_.empty(); ++i) {
    const auto [name, note] = std::move(waiting_.front());
    waiting_.pop_front();
    send(name, note, now);
  }
  while (!sent_.empty() && sent_.front().until <= now) {  // in order
    nua_handle_destroy(sent_.front().handle);
    notes_.remove(sent_.front().name);
    sent_.pop_front();
  }
}

void Farewells::send(const std::string& name, const DialogNote& note, base::Time now) {
  const auto target = Target::parse(note.hop);
  const auto hops = target->hops({target->numeric()});
  Endpoint* endpoint = nullptr;
  for (const Source& hop : hops) {
    if (endpoint == nullptr) endpoint = endpoint_(hop);
  }
  nua_handle_t* handle = endpoint == nullptr ? nullptr
                                             : nua_handle(endpoint->nua(), nullptr, SIPTAG_FROM_STR(note.local.c_str()),
                                                          SIPTAG_TO_STR(note.remote.c_str()), TAG_END());
  if (handle == nullptr) {
    base::log::warn("sip", "dialog {}: no BYE can be sent to {}", note.call_id, note.hop);
    return notes_.remove(name);
  }
  // Not nua_bye(): that is for sessions that NUA knows.
  nua_method(handle, NUTAG_METHOD("BYE"), NUTAG_URL(note.target.c_str()), NUTAG_PROXY(note.hop.c_str()),
             SIPTAG_CALL_ID_STR(note.call_id.c_str()), SIPTAG_CSEQ_STR(kSequence), SIPTAG_CONTACT(nullptr),
             TAG_IF(!note.route.empty(), SIPTAG_ROUTE_STR(note.route.c_str())), SIPTAG_HEADER_STR(kReason), TAG_END());
  sent_.push_back({name, handle, now + kPatience});
}

bool Farewells::on_answered(nua_handle_t* handle, int status) {
  const auto found = std::ranges::find(sent_, handle, &Sent::handle);
  if (found == sent_.end()) return false;
  if (status < 200) return true;
  base::log::debug("sip", "dialog {} of the process before this one: BYE: {}", found->name, status);
  nua_handle_destroy(handle);
  notes_.remove(found->name);
  sent_.erase(found);
  return true;
}

void Farewells::give_up() {
  for (const Sent& each : sent_) nua_handle_destroy(each.handle);
  sent_.clear();
  waiting_.clear();
}

}  // namespace sip
