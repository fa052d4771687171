#include "sip/signalling.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <type_traits>
#include <unistd.h>
#include <utility>
#include <variant>

#include "base/log.hpp"
#include "sip/counters.hpp"
#include "sip/incoming.hpp"
#include "sip/method_names.hpp"
#include "sip/numeric_hosts.hpp"
#include "sip/refusals.hpp"

namespace sip {
namespace {

constexpr std::chrono::milliseconds kTimerInterval{100};
constexpr std::chrono::milliseconds kFinalPatience{500};  // for transactions that outlive the grace of Shutdown
constexpr const char* kRetryAfter = "10";

// RFC 6086 §5.3; empty without packages.
std::string recv_info_line(const Options& options) {
  std::string line;
  for (const auto& package : options.info_packages) line += (line.empty() ? "Recv-Info: " : ", ") + package;
  return line.empty() ? line : line + "\r\n";
}

}  // namespace

Signalling::Signalling(const Options& options, std::function<void(Event)> report, Counters& counters)
    : options_(options),
      notes_(options.notes),
      thread_{std::move(report), [this](DialogId id, base::Time when) { alarms_.emplace(when, id); },
              [this](const std::string& name, const DialogNote& note) { notes_.write(name, text_of(note)); }},
      recv_info_(recv_info_line(options)),
      counters_(counters),
      root_(su_root_create(this)),
      exit_{[this](const Source& hop) { return endpoint_towards(hop); }, resolver_, options.session_expires,
            options.min_se},
      farewells_([this](const Source& hop) { return endpoint_towards(hop); }, notes_) {
  keep_names_unresolved();
  keep_refused_dialogs();
  keep_method_names();
  su_root_threading(root_.get(), 0);  // NUA runs on this thread too
}

Signalling::~Signalling() {
  dialogs_.clear();
  registrations_.clear();
  farewells_.give_up();
  endpoints_.clear();
  if (timer_ != nullptr) su_timer_destroy(timer_);
  for (auto& watch : watches_) {
    su_root_unregister(root_.get(), &watch.wait, &Signalling::on_readable, reinterpret_cast<su_wakeup_arg_t*>(&watch));
    su_wait_destroy(&watch.wait);
  }
}

base::Result<void> Signalling::open(std::vector<ListenAddress>& listen) {
  for (auto& each : listen) {
    if (auto probed = each.probe(); !probed) return probed;
  }
  std::vector<bool> taken(listen.size());
  for (std::size_t i = 0; i < listen.size(); ++i) {
    if (taken[i]) continue;
    // UDP and TCP on one address share a stack: a dialog may go from one to the other (RFC 3261 §18.1.1).
    std::vector<ListenAddress> together{listen[i]};
    for (std::size_t j = i + 1; j < listen.size(); ++j) {
      if (taken[j] || !(listen[j].address == listen[i].address)) continue;
      if (listen[j].tcp == listen[i].tcp) return base::bad_request(listen[j].str() + " is listed twice");
      taken[j] = true;
      together.push_back(listen[j]);
    }
    auto endpoint = Endpoint::open(root_.get(), together, options_, &Signalling::on_nua_event, this);
    if (!endpoint) return endpoint.error();
    endpoints_.push_back(std::move(*endpoint));
  }
  timer_ = su_timer_create(su_root_task(root_.get()), kTimerInterval.count());
  find_notes();
  su_timer_set_for_ever(timer_, &Signalling::on_timer, reinterpret_cast<su_timer_arg_t*>(this));
  return watch(resolver_.wake(), [this] { resolver_.drain([this](Resolver::Answer&& answer) { on_found(answer); }); });
}

// Without them calls are served all the same.
void Signalling::find_notes() {
  if (options_.notes.empty()) return;
  const auto found = notes_.start();
  if (!found) return base::log::warn("sip", "calls will not be ended after a kill: {}", found.error().text);
  farewells_.take(*found);
}

void Signalling::forget(const Dialog& dialog) {
  if (!dialog.note_name().empty()) notes_.remove(dialog.note_name());
}

base::Result<void> Signalling::watch(int wake, std::function<void()> on_wake) {
  Watch& watch = watches_.emplace_back();
  watch.on_wake = std::move(on_wake);
  if (su_wait_create(&watch.wait, wake, SU_WAIT_IN) < 0 ||
      su_root_register(root_.get(), &watch.wait, &Signalling::on_readable, reinterpret_cast<su_wakeup_arg_t*>(&watch),
                       0) < 0) {
    return base::Error{base::Kind::internal, std::string("SIP thread: ") + std::strerror(errno)};
  }
  return {};
}

void Signalling::run() {
  owner_.check();
  if (!endpoints_.empty()) su_root_run(root_.get());
}

// ---- commands ----

void Signalling::handle(Command command) {
  owner_.check();
  std::visit(
      [&](const auto& each) {
        using T = std::decay_t<decltype(each)>;
        if constexpr (std::is_same_v<T, SetAccepting>) {
          accepting_ = each.accepting;
        } else if constexpr (std::is_same_v<T, Shutdown>) {
          start_leaving(each.grace);
        } else if constexpr (std::is_same_v<T, Invite>) {
          call(each);
        } else if constexpr (std::is_same_v<T, Register>) {
          keep_registered(each);
        } else {
          with_dialog(each.dialog, [&](Dialog& dialog) {
            if constexpr (std::is_same_v<T, Progress>) dialog.progress(each);
            if constexpr (std::is_same_v<T, Answer>) dialog.answer(each);
            if constexpr (std::is_same_v<T, Reject>) dialog.reject(each);
            if constexpr (std::is_same_v<T, Bye>) dialog.bye(each);
            if constexpr (std::is_same_v<T, Offer>) dialog.offer(each);
            if constexpr (std::is_same_v<T, AnswerOffer>) dialog.answer_offer(each);
            if constexpr (std::is_same_v<T, RefuseOffer>) dialog.refuse_offer(each);
            if constexpr (std::is_same_v<T, SendInfo>) dialog.send_info(each);
            if constexpr (std::is_same_v<T, SendMessage>) dialog.send_message(each);
          });
        }
      },
      command);
}

void Signalling::call(const Invite& command) {
  if (phase_ != Phase::kRunning) {
    return thread_.report(Ended{command.dialog, EndCause::error, 503, "shutting down", {}});
  }
  if (dialogs_.count(command.dialog) != 0) return;
  auto call = std::make_unique<OutgoingCall>(command, thread_, exit_);
  OutgoingCall& made = *call;
  dialogs_[command.dialog] = std::move(call);
  counters_.dialogs = dialogs_.size();
  with_dialog(command.dialog, [&](Dialog& /*dialog*/) { made.start(); });
}

void Signalling::keep_registered(const Register& command) {
  if (phase_ != Phase::kRunning) return;
  const DialogId id = ++counters_.last_dialog;
  registrations_[id] = std::make_unique<Registration>(id, command, thread_, exit_);
  with_registration(id, [](Registration& registration) { registration.start(); });
}

void Signalling::on_found(const Resolver::Answer& answer) {
  with_dialog(answer.ticket, [&](Dialog& dialog) {
    if (auto* call = dynamic_cast<OutgoingCall*>(&dialog)) call->on_found(answer);
  });
  with_registration(answer.ticket, [&](Registration& registration) { registration.on_found(answer); });
}

template <class Act>
void Signalling::with_dialog(DialogId id, Act&& act) {
  const auto found = dialogs_.find(id);
  if (found == dialogs_.end()) return;  // over, which has been reported
  act(*found->second);
  if (found->second->state() != Dialog::State::kOver) return;
  const auto over = dialogs_.extract(found);
  counters_.dialogs = dialogs_.size();
  forget(*over.mapped());
  over.mapped()->report_end();
}

template <class Act>
void Signalling::with_registration(DialogId id, Act&& act) {
  const auto found = registrations_.find(id);
  if (found == registrations_.end()) return;
  act(*found->second);
  if (found->second->state() == Registration::State::kOver) registrations_.erase(found);
}

void Signalling::start_leaving(std::chrono::milliseconds grace) {
  if (phase_ != Phase::kRunning) return;
  accepting_ = false;
  phase_ = Phase::kLeaving;
  leave_until_ = base::Clock::now() + grace;
  std::vector<DialogId> all;
  for (const auto& [id, dialog] : dialogs_) all.push_back(id);
  for (const DialogId id : all) with_dialog(id, [](Dialog& dialog) { dialog.leave(); });
  all.clear();
  for (const auto& [id, registration] : registrations_) all.push_back(id);
  for (const DialogId id : all) with_registration(id, [](Registration& registration) { registration.leave(); });
  tick(base::Clock::now());
}

void Signalling::stop_endpoints() {
  phase_ = Phase::kStopping;
  for (auto& [id, dialog] : dialogs_) {
    forget(*dialog);  // it has had its BYE
    dialog->give_up();
  }
  dialogs_.clear();
  farewells_.give_up();
  registrations_.clear();
  counters_.dialogs = 0;
  for (auto& endpoint : endpoints_) endpoint->shut_down(kFinalPatience);
}

void Signalling::tick(base::Time now) {
  while (!alarms_.empty() && alarms_.begin()->first <= now) {
    const auto due = alarms_.extract(alarms_.begin());
    with_dialog(due.mapped(), [now](Dialog& dialog) { dialog.on_time(now); });
    with_registration(due.mapped(), [now](Registration& registration) { registration.on_time(now); });
  }
  if (phase_ == Phase::kRunning) farewells_.on_time(now);
  if (phase_ == Phase::kLeaving && ((dialogs_.empty() && registrations_.empty()) || now >= leave_until_))
    stop_endpoints();
}

// ---- Sofia's callbacks ----

void Signalling::on_timer(su_root_magic_t* /*magic*/, su_timer_t* /*timer*/, su_timer_arg_t* self) {
  reinterpret_cast<Signalling*>(self)->tick(base::Clock::now());
}

int Signalling::on_readable(su_root_magic_t* /*magic*/, su_wait_t* wait, su_wakeup_arg_t* watch) {
  std::uint64_t count = 0;
  if (::read(wait->fd, &count, sizeof count) > 0) reinterpret_cast<Watch*>(watch)->on_wake();
  return 0;
}

void Signalling::on_nua_event(nua_event_t event, int status, const char* phrase, nua_t* nua, nua_magic_t* magic,
                              nua_handle_t* handle, nua_hmagic_t* handle_magic, const sip_t* message,
                              tagi_t /*tags*/[]) {
  static_cast<Signalling*>(magic)->on_event(event, status, phrase, nua, handle, static_cast<Dialog*>(handle_magic),
                                            message);
}

void Signalling::on_event(nua_event_t event, int status, const char* phrase, nua_t* nua, nua_handle_t* handle,
                          Dialog* dialog, const sip_t* message) {
  if (event == nua_r_shutdown) {
    if (status < 200) return;
    if (Endpoint* endpoint = endpoint_of(nua)) endpoint->set_down();
    if (std::all_of(endpoints_.begin(), endpoints_.end(), [](const auto& e) { return e->is_down(); })) {
      su_root_break(root_.get());
    }
    return;
  }
  if (dialog == nullptr) {
    if (event == nua_i_invite && message != nullptr) return on_new_invite(nua, handle, *message);
    if (event == nua_r_method) return on_registered(status, nua, handle, message);
    return on_stray(event, nua, handle);
  }
  with_dialog(dialog->id(), [&](Dialog& each) { pass_on(event, status, phrase, nua, each, message); });
  if (phase_ == Phase::kLeaving) tick(base::Clock::now());
}

void Signalling::pass_on(nua_event_t event, int status, const char* phrase, nua_t* nua, Dialog& dialog,
                         const sip_t* message) {
  msg_t* raw = nua_current_request(nua);
  const Source source = message != nullptr ? source_of(raw, *message) : Source();
  // Not for requests that NUA has answered by itself.
  const bool is_request = message != nullptr && status < 200;
  switch (event) {
    case nua_i_invite:
      if (is_request) dialog.on_reinvite(*message, source);
      break;
    case nua_i_update:
      if (is_request) dialog.on_update(*message, source, raw);
      break;
    case nua_i_info:
      if (is_request) dialog.on_info(*message, raw);
      break;
    case nua_i_message:
      if (is_request) dialog.on_message(*message, raw);
      break;
    case nua_i_ack:
      if (message != nullptr) dialog.on_ack(*message);
      break;
    case nua_i_prack:
      if (message != nullptr) dialog.on_prack(*message);
      break;
    case nua_i_cancel:
      dialog.on_cancel(message);
      break;
    case nua_i_bye:
      if (message != nullptr) dialog.on_bye(*message);
      break;
    case nua_r_invite:
      dialog.on_invite_answered(status, phrase, message, source);
      break;
    case nua_r_update:
      dialog.on_update_answered(status, message);
      break;
    case nua_r_bye:
      dialog.on_bye_answered(status, message);
      break;
    case nua_r_message:
      dialog.on_message_answered(status, message);
      break;
    case nua_r_info:
    case nua_r_prack:
      dialog.on_answered(status, message);
      break;
    case nua_i_error:
      dialog.on_error(status, phrase);
      break;
    case nua_i_terminated:
      dialog.on_terminated(status, phrase);
      break;
    default:
      break;
  }
}

void Signalling::on_new_invite(nua_t* nua, nua_handle_t* handle, const sip_t& request) {
  ++counters_.invites;
  const auto refuse = [handle](int status, const char* phrase, const char* retry_after, bool accept) {
    nua_respond(handle, status, phrase, TAG_IF(retry_after, SIPTAG_RETRY_AFTER_STR(retry_after)),
                TAG_IF(accept, SIPTAG_ACCEPT_STR("application/sdp")), TAG_END());
    nua_handle_destroy(handle);
  };
  const Endpoint* endpoint = endpoint_of(nua);
  if (!accepting_ || endpoint == nullptr) {
    ++counters_.refused_busy;
    return refuse(SIP_503_SERVICE_UNAVAILABLE, kRetryAfter, false);
  }
  // What is no SIP URI cannot be the target of a dialog. None at all is RFC 2543's, which goes back to the source.
  if (request.sip_contact != nullptr && request.sip_contact->m_url->url_type != url_sip &&
      request.sip_contact->m_url->url_type != url_sips) {
    return refuse(400, "Bad Contact Header", nullptr, false);
  }
  if (!is_body_understood(request)) return refuse(SIP_415_UNSUPPORTED_MEDIA, nullptr, true);
  const Source source = source_of(nua_current_request(nua), request);
  const DialogId id = ++counters_.last_dialog;
  auto call = std::make_unique<IncomingCall>(id, handle, endpoint->contact_for(source), recv_info_, thread_);
  IncomingCall& made = *call;
  dialogs_[id] = std::move(call);
  counters_.dialogs = dialogs_.size();
  made.on_invite(request, source, options_.session_expires);
}

void Signalling::on_registered(int status, nua_t* nua, nua_handle_t* handle, const sip_t* response) {
  const auto found = std::find_if(registrations_.begin(), registrations_.end(),
                                  [handle](const auto& each) { return each.second->owns(handle); });
  if (found == registrations_.end()) return static_cast<void>(farewells_.on_answered(handle, status));
  const Source source = response != nullptr ? source_of(nua_current_request(nua), *response) : Source();
  with_registration(found->first, [&](Registration& each) { each.on_answered(status, response, source); });
  if (phase_ == Phase::kLeaving) tick(base::Clock::now());
}

// Requests outside any dialog of ours, and whatever still comes for one that is gone.
void Signalling::on_stray(nua_event_t event, nua_t* nua, nua_handle_t* handle) {
  if (handle == nullptr) return;
  if (event == nua_i_message) {
    nua_respond(handle, SIP_405_METHOD_NOT_ALLOWED, NUTAG_WITH(nua_current_request(nua)), TAG_END());
  } else if (event == nua_i_info || event == nua_i_update) {
    nua_respond(handle, 481, "Call Does Not Exist", NUTAG_WITH(nua_current_request(nua)), TAG_END());
  }
  if (nua_event_is_incoming_request(event) != 0) nua_handle_destroy(handle);
}

Endpoint* Signalling::endpoint_of(nua_t* nua) {
  const auto found =
      std::find_if(endpoints_.begin(), endpoints_.end(), [nua](const auto& e) { return e->nua() == nua; });
  return found == endpoints_.end() ? nullptr : found->get();
}

Endpoint* Signalling::endpoint_towards(const Source& hop) {
  Endpoint* best = nullptr;
  int reach = 0;
  for (const auto& endpoint : endpoints_) {
    if (const int each = endpoint->reach(hop); each > reach) {
      best = endpoint.get();
      reach = each;
    }
  }
  return best;
}

}  // namespace sip
