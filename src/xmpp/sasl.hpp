#pragma once
// Server-side SASL (RFC 4422) for PLAIN (RFC 4616) and SCRAM (RFC 5802, 7677) over libgsasl, against the accounts of
// the configuration. Somebody who does not know a password cannot tell an account that exists from one that does not:
// an unknown one is judged like some known one, with made-up keys. Owned by the control thread.

#include <gsasl.h>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "xmpp/listener.hpp"
#include "xmpp/verifier.hpp"

namespace xmpp {

class SaslExchange;

class Authenticator {
 public:
  Authenticator(std::string domain, std::vector<Account> accounts);

  // Derives SCRAM keys for accounts with a new plain password: about 2 ms each.
  void set_accounts(std::vector<Account> accounts);
  // The best first: those that at least one account can use.
  std::vector<std::string> mechanisms() const;
  // Null if the mechanism is not offered. The exchange must not outlive this.
  std::unique_ptr<SaslExchange> begin(const std::string& mechanism);

 private:
  friend class SaslExchange;
  struct Entry {
    Account account;
    std::vector<Verifier> verifiers;  // one per hash at most
  };

  const Entry* find(std::string_view user) const;
  // The entry that an unknown user is judged like; null if there are none at all.
  const Entry* stand_in(std::string_view user) const;
  Verifier verifier_for(std::string_view user, Hash hash) const;
  bool check_password(std::string_view user, const std::string& password) const;
  // The user's name without the domain, in lower case.
  std::string local_part(std::string_view user) const;
  std::string made_up(std::string_view what, std::string_view user) const;
  static int on_callback(Gsasl* context, Gsasl_session* session, Gsasl_property property);

  std::string domain_;
  std::string secret_;  // of this process, for what is made up
  std::map<std::string, Entry, std::less<>> entries_;
  std::unique_ptr<Gsasl, void (*)(Gsasl*)> context_{nullptr, gsasl_done};
};

// One attempt to authenticate.
class SaslExchange {
 public:
  enum class Status { more, success, failure };
  struct Step {
    Status status = Status::failure;
    std::string output;          // a challenge, or data beside success; not in base64
    std::string_view condition;  // of RFC 6120 §6.5, on failure
  };

  SaslExchange(const Authenticator& owner, Gsasl_session* session, bool plain, Hash hash);

  Step step(std::string_view input);
  // After success.
  const Account& account() const { return account_; }

 private:
  friend class Authenticator;
  int provide(Gsasl_property property);
  Step finish(std::string output);
  std::string property(Gsasl_property property) const;

  const Authenticator& owner_;
  std::unique_ptr<Gsasl_session, void (*)(Gsasl_session*)> session_;
  bool plain_;
  Verifier verifier_;  // SCRAM's, fixed when the user's name came
  Hash hash_;
  bool judged_ = false;
  int steps_ = 0;
  Account account_;
};

}  // namespace xmpp
