#pragma once
// Answers digest challenges to requests of ours (RFC 3261 §22, RFC 7616, RFC 8760). Sofia does so for MD5 and MD5-sess,
// and keeps doing so for all that follows in a dialog; it gives up on a response with any other algorithm in it. Those
// are answered here: SHA-256, SHA-512-256, and MD5 beside them; qop=auth or none. Signalling thread.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sip/sofia.hpp"
#include "sip/user_agent.hpp"

namespace sip {

struct Challenge {
  bool by_proxy = false;
  std::string realm, nonce, opaque;  // without quotes, as they stand
  bool has_opaque = false;
  std::string algorithm;  // as it stands; empty: MD5
  bool has_qop = false, offers_auth = false;
  bool offers_auth_int = false;  // Sofia prefers it, and no proxy on the way may touch the body then
  bool is_stale = false;

  // One that we can answer ourselves.
  bool is_known() const;
};
// Every Digest challenge of a 401 or 407.
std::vector<Challenge> challenges_of(const sip_t& response);

// The value of "response" (RFC 7616 §3.4.1), with qop=auth if the challenge has one; `count` is nc.
std::string digest_response(const Challenge& challenge, const Credentials& credentials, std::string_view method,
                            std::string_view uri, std::uint32_t count, std::string_view client_nonce);

class Digest {
 public:
  enum class Outcome {
    kNone,     // nothing to answer with, or it has been refused
    kBySofia,  // NUA sends the request again
    kByUs,     // the request is over; it is to be sent again with lines()
  };

  explicit Digest(std::optional<Credentials> credentials) : credentials_(std::move(credentials)) {}

  Outcome answer(nua_handle_t* handle, const sip_t& response);
  // Header lines for a request, with CRLF; empty if Sofia sees to it, or nobody has asked.
  std::string lines(std::string_view method, std::string_view uri);
  // The server has taken them: what it asks from now on is not because they are wrong.
  void set_accepted();
  void clear();

 private:
  struct Taken {
    Challenge challenge;
    std::uint32_t count = 0;
    bool is_accepted = false;
  };
  bool answer_by_sofia(nua_handle_t* handle, const std::vector<Challenge>& challenges);
  bool take(const std::vector<Challenge>& challenges);
  static std::string key_of(const Challenge& challenge) { return (challenge.by_proxy ? "p" : "w") + challenge.realm; }

  std::optional<Credentials> credentials_;
  std::set<std::string> given_;         // realms that Sofia has our credentials for
  std::map<std::string, Taken> taken_;  // by realm: what we answer ourselves
};

}  // namespace sip
