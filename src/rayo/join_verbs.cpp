// Joining calls to calls and to mixers (XEP-0327 §6.3, §6.4).
#include <array>
#include <memory>
#include <utility>

#include "rayo/join_settings.hpp"
#include "rayo/namespaces.hpp"
#include "rayo/server.hpp"
#include "rayo/verbs.hpp"

namespace rayo {
namespace {

using base::Error;
using base::Kind;

// §6.3.1: what cannot be found or joined.
base::Error join_error(base::Error error) {
  if (error.kind == Kind::not_found) error.kind = Kind::unavailable;
  return error;
}

void join(Server& server, Command command) {
  auto wish = read_join(command.payload, server.options().domain);
  if (!wish) return command.reply.error(wish.error());
  const xmpp::Jid from = command.reply.from();
  if (auto there = check_join_target(server, *wish, from); !there) return command.reply.error(there.error());
  if (command.mixer != nullptr && !wish->mixer.empty()) {
    return command.reply.error({Kind::not_supported, "mixers cannot be joined to each other", base::Fault::peer});
  }
  call::Calls& calls = server.calls();
  const std::string zone = Server::zone_of(from);
  // Direct media waits for the parties; shared because std::function wants to be copied.
  auto reply = std::make_shared<Reply>(std::move(command.reply));
  auto done = [&server, &calls, reply, zone, mixer = wish->mixer](const base::Result<void>& outcome) {
    if (!outcome) return reply->error(join_error(outcome.error()));
    const call::Mixer* joined = mixer.empty() ? nullptr : calls.mixers().find(zone, mixer);
    if (joined == nullptr) return reply->result();
    server.watch(*joined, reply->from());
    reply->result(server.reference_to(*joined));
  };
  if (!wish->mixer.empty()) {
    calls.joins().join_mixer(*command.call, zone, wish->mixer, wish->settings, std::move(done));
  } else {
    calls.joins().join(*command.host, *calls.find(wish->call), wish->settings, std::move(done));
  }
}

void unjoin(Server& server, Command command) {
  auto wish = read_unjoin(command.payload, server.options().domain);
  if (!wish) return command.reply.error(wish.error());
  call::Calls& calls = server.calls();
  if (wish->call.empty() && wish->mixer.empty()) {
    calls.joins().unjoin_all(*command.host);
    return command.reply.result();
  }
  call::Host* other = nullptr;
  if (wish->mixer.empty()) {
    other = calls.find(wish->call);
  } else {
    other = calls.mixers().find(Server::zone_of(command.reply.from()), wish->mixer);
  }
  if (other == nullptr) {
    return command.reply.error({Kind::unavailable, "there is no such join", base::Fault::peer});
  }
  const auto outcome = calls.joins().unjoin(*command.host, *other);
  if (!outcome) return command.reply.error(join_error(outcome.error()));
  command.reply.result();
}

}  // namespace

std::span<const Verb> join_verbs() {
  static constexpr std::array<Verb, 4> kVerbs = {{
      {Target::call, ns::kRayo, "join", join},
      {Target::call, ns::kRayo, "unjoin", unjoin},
      {Target::mixer, ns::kRayo, "join", join},
      {Target::mixer, ns::kRayo, "unjoin", unjoin},
  }};
  return kVerbs;
}

}  // namespace rayo
