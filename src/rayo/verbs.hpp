#pragma once
// The table of what a client can ask for: {target, namespace:element} -> handler. A component adds its verbs here.

#include <span>
#include <string>
#include <string_view>

#include "call/call.hpp"
#include "call/mixer.hpp"
#include "rayo/dialect.hpp"
#include "rayo/reply.hpp"
#include "xml/element.hpp"
#include "xmpp/listener.hpp"

namespace rayo {

class Server;

enum class Target { server, call, mixer, component };
std::string_view name_of(Target target);

// One command on its way to its handler, which must answer it, now or later.
struct Command {
  call::Host* host = nullptr;            // the call or mixer; null for Target::server
  call::Call* call = nullptr;            // for Target::call
  call::Mixer* mixer = nullptr;          // for Target::mixer
  call::Component* component = nullptr;  // for Target::component
  const xml::Element& payload;
  const xmpp::Account& account;  // the sender's
  Dialect dialect;
  Reply reply;
};

struct Verb {
  Target target;
  std::string_view ns;
  std::string_view name;
  void (*handle)(Server& server, Command command);
};

std::span<const Verb> call_verbs();    // accept, answer, reject, redirect, hangup; hold, unhold, mute, unmute
std::span<const Verb> dial_verbs();    // dial
std::span<const Verb> join_verbs();    // join, unjoin
std::span<const Verb> dtmf_verbs();    // dtmf
std::span<const Verb> input_verbs();   // input
std::span<const Verb> output_verbs();  // output; pause, resume, seek, speed-up …
std::span<const Verb> prompt_verbs();  // prompt
std::span<const Verb> record_verbs();  // record; pause, resume, stop

// The verb for exactly this, or null.
const Verb* find_verb(Target target, const xml::Element& payload);

}  // namespace rayo
