// The record component's commands (record-api.txt; XEP-0327 §6.5.6).
#include <array>
#include <memory>
#include <utility>

#include "base/random.hpp"
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
  const std::string call = command.call->id();
  server.component_begins(call, component);
  // The reply waits for the writer, which opens the file; shared because std::function wants to be copied.
  auto reply = std::make_shared<Reply>(std::move(command.reply));
  command.call->record(component, *settings, [&server, reply, call, component](base::Result<void> started) {
    if (!started) {
      server.component_is_over(component);
      return reply->error(started.error());
    }
    reply->result(server.reference_to(call, component));
  });
}

// pause, resume and stop are empty elements.
template <base::Result<void> (call::Call::*kAction)(const std::string&)>
void act(Server&, Command command) {
  if (auto known = check_attributes(command.payload, {}); !known) return command.reply.error(known.error());
  if (const xml::Element* child = command.payload.first(); child != nullptr) {
    return command.reply.error(
        base::bad_request("<" + child->name + "/> inside <" + command.payload.name + "/>, which must be empty"));
  }
  command.reply.outcome((command.call->*kAction)(command.component));
}

}  // namespace

std::span<const Verb> record_verbs() {
  static constexpr std::array<Verb, 5> kVerbs = {{
      {Target::call, ns::kRecord, "record", record},
      {Target::component, ns::kRecord, "pause", act<&call::Call::pause>},
      {Target::component, ns::kRecord, "resume", act<&call::Call::resume>},
      {Target::component, ns::kExt, "stop", act<&call::Call::stop>},
      {Target::component, ns::kRayo, "stop", act<&call::Call::stop>},  // clients of 2011
  }};
  return kVerbs;
}

}  // namespace rayo
