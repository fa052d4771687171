// The prompt component's command (XEP-0327 §6.5.5). Those of an output that it takes are in output_verbs.cpp.
#include <array>
#include <utility>

#include "base/random.hpp"
#include "rayo/components/prompt/prompt_settings.hpp"
#include "rayo/namespaces.hpp"
#include "rayo/server.hpp"
#include "rayo/verbs.hpp"

namespace rayo {
namespace {

void prompt(Server& server, Command command) {
  auto settings = read_prompt(command.payload);
  if (!settings) return command.reply.error(settings.error());
  const std::string component = base::random_id(12);
  call::Host& host = *command.host;
  call::Prompt::start(host, component, std::move(*settings),
                      server.starting(host, component, std::move(command.reply)));
}

}  // namespace

std::span<const Verb> prompt_verbs() {
  static constexpr std::array<Verb, 2> kVerbs = {{
      {Target::call, ns::kPrompt, "prompt", prompt},
      {Target::mixer, ns::kPrompt, "prompt", prompt},
  }};
  return kVerbs;
}

}  // namespace rayo
