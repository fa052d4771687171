// The input component's command (XEP-0327 §6.5.4). It is stopped as every component is.
#include <array>
#include <utility>

#include "base/random.hpp"
#include "rayo/components/input/input_settings.hpp"
#include "rayo/namespaces.hpp"
#include "rayo/server.hpp"
#include "rayo/verbs.hpp"

namespace rayo {
namespace {

void input(Server& server, Command command) {
  auto settings = read_input(command.payload);
  if (!settings) return command.reply.error(settings.error());
  const std::string component = base::random_id(12);
  call::Host& host = *command.host;
  call::Input::start(host, component, std::move(*settings), server.starting(host, component, std::move(command.reply)));
}

}  // namespace

std::span<const Verb> input_verbs() {
  static constexpr std::array<Verb, 2> kVerbs = {{
      {Target::call, ns::kInput, "input", input},
      {Target::mixer, ns::kInput, "input", input},
  }};
  return kVerbs;
}

}  // namespace rayo
