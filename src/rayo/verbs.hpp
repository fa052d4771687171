#pragma once
// The table of what a client can ask for: {target, namespace:element} -> handler. A component adds its verbs here.

#include <span>
#include <string>
#include <string_view>

#include "call/call.hpp"
#include "rayo/dialect.hpp"
#include "rayo/reply.hpp"
#include "xml/element.hpp"

namespace rayo {

class Server;

enum class Target { server, call, component };
std::string_view name_of(Target target);

// One command on its way to its handler, which must answer it, now or later.
struct Command {
  call::Call* call = nullptr;  // null for Target::server
  std::string component;       // id, for Target::component
  const xml::Element& payload;
  Dialect dialect;
  Reply reply;
};

struct Verb {
  Target target;
  std::string_view ns;
  std::string_view name;
  void (*handle)(Server& server, Command command);
};

std::span<const Verb> call_verbs();    // accept, answer, reject, redirect, hangup
std::span<const Verb> record_verbs();  // record; pause, resume, stop

// The verb for exactly this, or null.
const Verb* find_verb(Target target, const xml::Element& payload);

}  // namespace rayo
