#include "sip/resolver.hpp"

#include <netdb.h>
#include <system_error>
#include <thread>
#include <utility>

namespace sip {
namespace {

constexpr std::size_t kMostLookups = 16;  // at a time; further ones wait

// Blocks.
Resolver::Answer find(std::uint64_t ticket, const Target& target) {
  Resolver::Answer answer{ticket, {}, 0, {}};
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  std::vector<net::Address> addresses;
  const int error = ::getaddrinfo(target.host.c_str(), nullptr, &hints, &found);
  for (const addrinfo* each = found; error == 0 && each != nullptr; each = each->ai_next) {
    addresses.push_back(net::Address::from(each->ai_addr, each->ai_addrlen));
  }
  if (found != nullptr) ::freeaddrinfo(found);
  answer.hops = target.hops(addresses);
  if (!answer.hops.empty()) return answer;
  const bool is_unknown = error == 0 || error == EAI_NONAME || error == EAI_NODATA;
  answer.status = is_unknown ? 404 : 503;
  answer.reason = is_unknown ? "no such host: " + target.host
                             : "cannot look up " + target.host + ": " + std::string(::gai_strerror(error));
  return answer;
}

}  // namespace

Resolver::Resolver() : answers_(std::make_shared<base::Inbox<Answer>>()) {}

void Resolver::look_up(std::uint64_t ticket, const Target& target) {
  Question question{ticket, target};
  if (!start(question)) waiting_.push_back(std::move(question));
}

bool Resolver::start(const Question& question) {
  if (running_ >= kMostLookups) return false;
  ++running_;
  try {
    std::thread([answers = answers_, question] { answers->post(find(question.ticket, question.target)); }).detach();
  } catch (const std::system_error&) {
    answers_->post({question.ticket, {}, 503, "cannot look up " + question.target.host + ": no thread"});
  }
  return true;
}

}  // namespace sip
