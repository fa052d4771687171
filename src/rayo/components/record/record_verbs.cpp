// The record component's commands (record-api.txt; XEP-0327 §6.5.6).
#include <array>
#include <utility>

#include "base/random.hpp"
#include "call/recording.hpp"
#include "rayo/components/record/record_settings.hpp"
#include "rayo/namespaces.hpp"
#include "rayo/payload.hpp"
#include "rayo/server.hpp"
#include "rayo/verbs.hpp"

namespace rayo {
namespace {

void record(Server& server, Command command) {
  auto settings = read_record(command.payload, command.dialect, server.options().record_format);
  if (!settings) return command.reply.error(settings.error());
  const std::string component = base::random_id(12);
  call::Host& host = *command.host;
  // What a dialect takes for granted is meant for calls: a mixer has nothing to send.
  if (host.is_mixer() && command.payload.attribute("direction") == nullptr &&
      command.payload.attribute("duplex") == nullptr) {
    settings->direction = record::Direction::duplex;
  }
  const call::Asker asker = server.asker(host, command.reply.from());
  call::Recording::start(host, component, *settings, asker,
                         server.starting_recording(host, component, std::move(command.reply)));
}

// pause, resume and stop are empty elements.
template <base::Result<void> (call::Recording::*kAction)()>
void act(Server&, Command command) {
  auto* recording = dynamic_cast<call::Recording*>(command.component);
  if (recording == nullptr) {
    return command.reply.refuse_verb("<" + command.payload.name + "/> is for recordings, and this is none");
  }
  if (auto empty = check_empty(command.payload); !empty) return command.reply.error(empty.error());
  command.reply.outcome((recording->*kAction)());
}

void stop(Server&, Command command) {
  if (auto empty = check_empty(command.payload); !empty) return command.reply.error(empty.error());
  command.reply.outcome(command.component->stop());
}

}  // namespace

std::span<const Verb> record_verbs() {
  static constexpr std::array<Verb, 6> kVerbs = {{
      {Target::call, ns::kRecord, "record", record},
      {Target::mixer, ns::kRecord, "record", record},
      {Target::component, ns::kRecord, "pause", act<&call::Recording::pause>},
      {Target::component, ns::kRecord, "resume", act<&call::Recording::resume>},
      // Of every component.
      {Target::component, ns::kExt, "stop", stop},
      {Target::component, ns::kRayo, "stop", stop},  // clients of 2011
  }};
  return kVerbs;
}

}  // namespace rayo
