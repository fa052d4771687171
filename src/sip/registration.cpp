#include "sip/registration.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/random.hpp"
#include "sip/header_check.hpp"

namespace sip {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kFirstPause{5}, kLongestPause{300};
constexpr seconds kLongestRetryAfter{3600};

// What the registrar grants our Contact: its expires parameter, else the header, else what was asked.
seconds granted(const sip_t& response, const std::string& contact, seconds asked) {
  const Home home = make_home();
  const sip_contact_t* ours = sip_contact_make(home.get(), contact.c_str());
  for (const sip_contact_t* each = response.sip_contact; each != nullptr && ours != nullptr; each = each->m_next) {
    if (each->m_expires == nullptr || url_cmp(each->m_url, ours->m_url) != 0) continue;
    return seconds(std::strtoul(each->m_expires, nullptr, 10));
  }
  return response.sip_expires != nullptr ? seconds(response.sip_expires->ex_delta) : asked;
}

}  // namespace

Registration::Registration(DialogId id, const Register& command, const Dialog::Thread& thread, OutgoingCall::Exit& exit)
    : id_(id),
      command_(command),
      thread_(thread),
      exit_(exit),
      call_id_(base::random_id(24)),
      digest_(command.credentials) {}

Registration::~Registration() { drop_handle(); }

void Registration::drop_handle() {
  if (handle_ != nullptr) nua_handle_destroy(handle_);
  handle_ = nullptr;
}

void Registration::start() {
  state_ = State::kLookingUp;
  const auto target = Target::parse(command_.registrar);
  if (!target || !Target::parse(command_.aor)) {
    base::log::warn("sip", "registration of {}: not a SIP URI", command_.aor);
    state_ = State::kOver;
    return thread_.report(Registered{command_.aor, 400});
  }
  const net::Address address = target->numeric();
  if (!address.is_set()) return exit_.resolver.look_up(id_, *target);
  try_hops(target->hops({address}));
}

void Registration::on_found(const Resolver::Answer& answer) {
  if (state_ != State::kLookingUp) return;
  if (answer.hops.empty()) return fail(answer.status, seconds(0));
  try_hops(answer.hops);
}

void Registration::try_hops(const std::vector<Source>& hops) {
  for (const Source& hop : hops) {
    Endpoint* endpoint = exit_.endpoint(hop);
    if (endpoint == nullptr) continue;
    if (endpoint != endpoint_) drop_handle();
    endpoint_ = endpoint;
    hop_ = hop;
    state_ = State::kAsking;
    return send();
  }
  fail(503, seconds(0));
}

void Registration::send() {
  // Calls come back with this as their Request-URI.
  contact_ = endpoint_->contact_for(hop_);
  const auto user_end = command_.aor.find('@');
  if (user_end != std::string::npos) contact_.insert(5, command_.aor.substr(4, user_end - 3));
  const std::string aor = "<" + command_.aor + ">";
  const std::string uri = request_uri(command_.registrar);
  const std::string lines = digest_.lines("REGISTER", uri);
  const std::string expires = std::to_string(state_ == State::kLeaving ? 0 : command_.expires.count());
  if (handle_ == nullptr) {
    handle_ =
        nua_handle(endpoint_->nua(), nullptr, SIPTAG_FROM_STR(aor.c_str()), SIPTAG_TO_STR(aor.c_str()), TAG_END());
  }
  if (handle_ == nullptr) return fail(400, seconds(0));
  // Not nua_register(): that would refresh by itself, and have the Contact in calls of ours.
  nua_method(handle_, NUTAG_METHOD("REGISTER"), NUTAG_URL(uri.c_str()), NUTAG_PROXY(proxy_uri(hop_).c_str()),
             SIPTAG_CALL_ID_STR(call_id_.c_str()), SIPTAG_CONTACT_STR(contact_.c_str()),
             SIPTAG_EXPIRES_STR(expires.c_str()), TAG_IF(!lines.empty(), SIPTAG_HEADER_STR(lines.c_str())), TAG_END());
}

void Registration::on_answered(int status, const sip_t* response, const Source& source) {
  if (status < 200 || (state_ != State::kAsking && state_ != State::kLeaving)) return;
  if (response != nullptr && (status == 401 || status == 407)) {
    const auto outcome = digest_.answer(handle_, *response);
    if (outcome == Digest::Outcome::kBySofia) return;
    if (outcome == Digest::Outcome::kByUs) {
      drop_handle();
      return send();
    }
  }
  if (state_ == State::kLeaving) {
    state_ = State::kOver;
    return;
  }
  if (status < 300 && response != nullptr) return on_success(*response);
  const bool is_answer = response != nullptr && source.address.is_set();
  const auto* retry_after = response != nullptr ? response->sip_retry_after : nullptr;
  fail(is_answer ? status : 0, retry_after != nullptr ? seconds(retry_after->af_delta) : seconds(0));
}

void Registration::on_success(const sip_t& response) {
  state_ = State::kStanding;
  failures_ = 0;
  digest_.set_accepted();
  // Early enough for a second try; a registrar that grants next to nothing is not to be stormed.
  const milliseconds time = granted(response, contact_, command_.expires);
  wake_in(std::max(time * 4 / 5, milliseconds(500)));
  thread_.report(Registered{command_.aor, response.sip_status->st_status});
}

void Registration::fail(int status, seconds pause) {
  drop_handle();
  digest_.clear();
  if (state_ == State::kLeaving) {
    state_ = State::kOver;
    return;
  }
  state_ = State::kFailed;
  const auto grown = std::min(kFirstPause * (1 << std::min(failures_++, 10)), kLongestPause);
  wake_in(std::max<milliseconds>(grown, std::min(pause, kLongestRetryAfter)));
  thread_.report(Registered{command_.aor, status});
}

void Registration::wake_in(milliseconds time) {
  due_ = base::Clock::now() + time;
  thread_.wake_at(id_, due_);
}

void Registration::on_time(base::Time now) {
  if ((state_ == State::kStanding || state_ == State::kFailed) && now >= due_) start();
}

void Registration::leave() {
  // One that stands, or may do so by now.
  const bool is_asked = state_ == State::kStanding || state_ == State::kAsking || (handle_ != nullptr);
  if (!is_asked || endpoint_ == nullptr) {
    state_ = State::kOver;
    return;
  }
  state_ = State::kLeaving;
  send();
}

}  // namespace sip
