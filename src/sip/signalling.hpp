#pragma once
// Everything that lives on the signalling thread: Sofia's root, the endpoints and the dialogs. NUA's events come in by
// one callback, the owner's commands by handle(); what is to be known outside goes out as sip::Event.

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/notes.hpp"
#include "base/owner.hpp"
#include "base/result.hpp"
#include "sip/dialog.hpp"
#include "sip/endpoint.hpp"
#include "sip/farewells.hpp"
#include "sip/outgoing.hpp"
#include "sip/registration.hpp"
#include "sip/resolver.hpp"
#include "sip/sofia.hpp"
#include "sip/user_agent.hpp"

namespace sip {

struct Counters;

class Signalling {
 public:
  Signalling(const Options& options, std::function<void(Event)> report, Counters& counters);
  ~Signalling();
  Signalling(const Signalling&) = delete;
  Signalling& operator=(const Signalling&) = delete;

  // Opens an endpoint on each address; ports are filled in.
  base::Result<void> open(std::vector<ListenAddress>& listen);
  // `on_wake` runs whenever `wake` (an eventfd) is readable; several can be watched.
  base::Result<void> watch(int wake, std::function<void()> on_wake);
  void handle(Command command);
  // Until everything has been shut down.
  void run();

 private:
  struct Sofia {  // first made, last released
    Sofia() { su_init(); }
    ~Sofia() { su_deinit(); }
  };
  struct RootRelease {
    void operator()(su_root_t* root) const { su_root_destroy(root); }
  };
  enum class Phase { kRunning, kLeaving, kStopping };

  static void on_nua_event(nua_event_t event, int status, const char* phrase, nua_t* nua, nua_magic_t* magic,
                           nua_handle_t* handle, nua_hmagic_t* handle_magic, const sip_t* message, tagi_t tags[]);
  static void on_timer(su_root_magic_t* magic, su_timer_t* timer, su_timer_arg_t* self);
  static int on_readable(su_root_magic_t* magic, su_wait_t* wait, su_wakeup_arg_t* watch);

  void on_event(nua_event_t event, int status, const char* phrase, nua_t* nua, nua_handle_t* handle, Dialog* dialog,
                const sip_t* message);
  void pass_on(nua_event_t event, int status, const char* phrase, nua_t* nua, Dialog& dialog, const sip_t* message);
  void on_new_invite(nua_t* nua, nua_handle_t* handle, const sip_t& request);
  void on_registered(int status, nua_t* nua, nua_handle_t* handle, const sip_t* response);
  void on_stray(nua_event_t event, nua_t* nua, nua_handle_t* handle);
  void tick(base::Time now);
  void call(const Invite& command);
  void keep_registered(const Register& command);
  void on_found(const Resolver::Answer& answer);
  // Does `act` to a dialog that there is, and lets go of it if it is over after that.
  template <class Act>
  void with_dialog(DialogId id, Act&& act);
  template <class Act>
  void with_registration(DialogId id, Act&& act);
  void find_notes();
  void forget(const Dialog& dialog);
  void start_leaving(std::chrono::milliseconds grace);
  void stop_endpoints();
  Endpoint* endpoint_of(nua_t* nua);
  Endpoint* endpoint_towards(const Source& hop);

  Sofia sofia_;
  base::Owner owner_;
  const Options options_;
  base::Notes notes_;  // of dialogs
  const Dialog::Thread thread_;
  const std::string recv_info_;  // header line for answers, or empty
  Counters& counters_;

  std::unique_ptr<su_root_t, RootRelease> root_;
  su_timer_t* timer_ = nullptr;
  struct Watch {
    su_wait_t wait{};
    std::function<void()> on_wake;
  };
  std::list<Watch> watches_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  std::map<DialogId, std::unique_ptr<Dialog>> dialogs_;
  bool accepting_ = true;

  std::multimap<base::Time, DialogId> alarms_;
  Resolver resolver_;
  OutgoingCall::Exit exit_;
  std::map<DialogId, std::unique_ptr<Registration>> registrations_;
  Farewells farewells_;

  Phase phase_ = Phase::kRunning;
  base::Time leave_until_{};
};

}  // namespace sip
