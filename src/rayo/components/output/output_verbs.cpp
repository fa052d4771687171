// The output component's commands (XEP-0327 §6.5.3, §7.13.1). A prompt takes those on the component too.
#include <array>
#include <utility>

#include "base/random.hpp"
#include "call/output.hpp"
#include "rayo/components/output/output_settings.hpp"
#include "rayo/namespaces.hpp"
#include "rayo/payload.hpp"
#include "rayo/server.hpp"
#include "rayo/verbs.hpp"

namespace rayo {
namespace {

void output(Server& server, Command command) {
  auto settings = read_output(command.payload);
  if (!settings) return command.reply.error(settings.error());
  const std::string component = base::random_id(12);
  call::Host& host = *command.host;
  call::Output::start(host, component, std::move(*settings),
                      server.starting(host, component, std::move(command.reply)));
}

// What the command is to steer; null, and the command is refused, where the component is none that plays.
call::Plays* plays_of(Command& command) {
  auto* plays = dynamic_cast<call::Plays*>(command.component);
  if (plays == nullptr) {
    command.reply.refuse_verb("<" + command.payload.name + "/> is for outputs, and this is none");
  }
  return plays;
}

template <class Action>
void steer(Command& command, call::Plays& plays, const Action& action) {
  auto playback = plays.playback();
  if (!playback) return command.reply.error(playback.error());
  action(**playback);
  command.reply.result();
}

// An empty element that calls this, with this.
template <auto kAction, int... kUnits>
void act(Server&, Command command) {
  call::Plays* plays = plays_of(command);
  if (plays == nullptr) return;
  if (auto empty = check_empty(command.payload); !empty) return command.reply.error(empty.error());
  steer(command, *plays, [](call::Playback& playback) { (playback.*kAction)(kUnits...); });
}

void seek(Server&, Command command) {
  call::Plays* plays = plays_of(command);
  if (plays == nullptr) return;
  const auto by = read_seek(command.payload);
  if (!by) return command.reply.error(by.error());
  steer(command, *plays, [&](call::Playback& playback) { playback.seek(*by); });
}

}  // namespace

std::span<const Verb> output_verbs() {
  using call::Playback;
  static constexpr std::array<Verb, 9> kVerbs = {{
      {Target::call, ns::kOutput, "output", output},
      {Target::mixer, ns::kOutput, "output", output},
      {Target::component, ns::kOutput, "pause", act<&Playback::pause>},
      {Target::component, ns::kOutput, "resume", act<&Playback::resume>},
      {Target::component, ns::kOutput, "speed-up", act<&Playback::change_speed, 1>},
      {Target::component, ns::kOutput, "speed-down", act<&Playback::change_speed, -1>},
      {Target::component, ns::kOutput, "volume-up", act<&Playback::change_volume, 1>},
      {Target::component, ns::kOutput, "volume-down", act<&Playback::change_volume, -1>},
      {Target::component, ns::kOutput, "seek", seek},
  }};
  return kVerbs;
}

}  // namespace rayo
