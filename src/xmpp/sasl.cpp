#include "xmpp/sasl.hpp"

#include <algorithm>
#include <optional>

#include "base/log.hpp"
#include "base/random.hpp"

namespace xmpp {
namespace {

constexpr unsigned kIterations = 4096;
constexpr std::size_t kSaltSize = 16;
constexpr int kMaxSteps = 4;  // SCRAM needs three with an empty first one

struct Mechanism {
  const char* name;
  std::optional<Hash> hash;  // nothing: PLAIN
};
constexpr Mechanism kMechanisms[] = {
    {"SCRAM-SHA-256", Hash::sha256}, {"SCRAM-SHA-1", Hash::sha1}, {"PLAIN", std::nullopt}};

Gsasl* make_context() {
  Gsasl* context = nullptr;
  return gsasl_init(&context) == GSASL_OK ? context : nullptr;
}

}  // namespace

Authenticator::Authenticator(std::string domain, std::vector<Account> accounts)
    : domain_(std::move(domain)), secret_(32, '\0'), context_(make_context(), gsasl_done) {
  base::random_bytes({reinterpret_cast<std::uint8_t*>(secret_.data()), secret_.size()});
  if (context_) gsasl_callback_set(context_.get(), on_callback);
  set_accounts(std::move(accounts));
}

void Authenticator::set_accounts(std::vector<Account> accounts) {
  std::map<std::string, Entry, std::less<>> entries;
  for (Account& account : accounts) {
    const std::string name = local_part(account.name);
    if (const auto jid = Jid::parse(name + "@" + domain_); !jid || !jid->is_bare()) {
      base::log::warn("xmpp", "the account name '{}' cannot be a JID's local part; left out", account.name);
      continue;
    }
    Entry entry{std::move(account), {}};
    const auto before = entries_.find(name);
    if (before != entries_.end() && before->second.account.password == entry.account.password &&
        before->second.account.verifier == entry.account.verifier) {
      entry.verifiers = before->second.verifiers;
    } else if (!entry.account.verifier.empty()) {
      if (auto verifier = Verifier::parse(entry.account.verifier)) {
        entry.verifiers.push_back(*std::move(verifier));
      } else {
        base::log::warn("xmpp", "account {}: {}; it cannot log in", name, verifier.error().text);
      }
    } else if (!entry.account.password.empty()) {
      for (const Hash hash : {Hash::sha1, Hash::sha256}) {
        entry.verifiers.push_back(
            Verifier::derive(hash, entry.account.password, made_up("salt", name).substr(0, kSaltSize), kIterations));
      }
    }
    entries.insert_or_assign(name, std::move(entry));
  }
  entries_ = std::move(entries);
}

std::vector<std::string> Authenticator::mechanisms() const {
  std::vector<std::string> names;
  for (const Mechanism& mechanism : kMechanisms) {
    const auto able = [&](const auto& entry) {
      return std::any_of(entry.second.verifiers.begin(), entry.second.verifiers.end(),
                         [&](const Verifier& v) { return !mechanism.hash || v.hash == *mechanism.hash; });
    };
    if (entries_.empty() || std::any_of(entries_.begin(), entries_.end(), able)) names.emplace_back(mechanism.name);
  }
  return names;
}

std::unique_ptr<SaslExchange> Authenticator::begin(const std::string& mechanism) {
  const auto offered = mechanisms();
  const auto* known = std::find_if(std::begin(kMechanisms), std::end(kMechanisms),
                                   [&](const Mechanism& m) { return m.name == mechanism; });
  if (!context_ || known == std::end(kMechanisms) ||
      std::find(offered.begin(), offered.end(), mechanism) == offered.end()) {
    return nullptr;
  }
  Gsasl_session* session = nullptr;
  if (gsasl_server_start(context_.get(), known->name, &session) != GSASL_OK) return nullptr;
  auto exchange = std::make_unique<SaslExchange>(*this, session, !known->hash, known->hash.value_or(Hash::sha256));
  gsasl_session_hook_set(session, exchange.get());
  return exchange;
}

std::string Authenticator::local_part(std::string_view user) const {
  for (const std::string& text : {std::string(user), std::string(user) + "@" + domain_}) {
    const auto jid = Jid::parse(text);
    if (jid && jid->is_bare() && !jid->local.empty() && jid->domain == domain_) return jid->local;
  }
  return std::string(user);
}

const Authenticator::Entry* Authenticator::find(std::string_view user) const {
  const auto found = entries_.find(local_part(user));
  return found == entries_.end() ? nullptr : &found->second;
}

const Authenticator::Entry* Authenticator::stand_in(std::string_view user) const {
  if (entries_.empty()) return nullptr;
  const auto index = static_cast<unsigned char>(made_up("stand-in", user)[0]) % entries_.size();
  return &std::next(entries_.begin(), static_cast<std::ptrdiff_t>(index))->second;
}

std::string Authenticator::made_up(std::string_view what, std::string_view user) const {
  return hmac(Hash::sha256, secret_, std::string(what) + ":" + local_part(user));
}

Verifier Authenticator::verifier_for(std::string_view user, Hash hash) const {
  const auto of = [&](const Entry* entry) -> const Verifier* {
    if (entry == nullptr) return nullptr;
    const auto found = std::find_if(entry->verifiers.begin(), entry->verifiers.end(),
                                    [&](const Verifier& v) { return v.hash == hash; });
    return found == entry->verifiers.end() ? nullptr : &*found;
  };
  if (const Verifier* known = of(find(user))) return *known;
  const Verifier* like = of(stand_in(user));
  const std::size_t key_size = hash == Hash::sha1 ? 20 : 32;
  std::string salt = made_up("salt", user);
  salt.resize(like != nullptr ? std::min(like->salt.size(), salt.size()) : kSaltSize);
  return {hash, like != nullptr ? like->iterations : kIterations, std::move(salt),
          made_up("stored key", user).substr(0, key_size), made_up("server key", user).substr(0, key_size)};
}

bool Authenticator::check_password(std::string_view user, const std::string& password) const {
  const Entry* known = find(user);
  const Entry* judged = known != nullptr ? known : stand_in(user);
  if (judged == nullptr || judged->verifiers.empty()) return false;
  // With a plain password stored, equal-length comparison of keyed hashes keeps its length to ourselves too.
  const bool right = judged->account.verifier.empty()
                         ? equal_secrets(hmac(Hash::sha256, secret_, prepared(judged->account.password)),
                                         hmac(Hash::sha256, secret_, prepared(password)))
                         : judged->verifiers.front().matches(password);
  return right && known != nullptr;
}

int Authenticator::on_callback(Gsasl*, Gsasl_session* session, Gsasl_property property) {
  auto* exchange = session != nullptr ? static_cast<SaslExchange*>(gsasl_session_hook_get(session)) : nullptr;
  return exchange != nullptr ? exchange->provide(property) : GSASL_NO_CALLBACK;
}

SaslExchange::SaslExchange(const Authenticator& owner, Gsasl_session* session, bool plain, Hash hash)
    : owner_(owner), session_(session, gsasl_finish), plain_(plain), hash_(hash) {}

std::string SaslExchange::property(Gsasl_property property) const {
  const char* value = gsasl_property_fast(session_.get(), property);
  return value != nullptr ? value : "";
}

int SaslExchange::provide(Gsasl_property property) {
  if (plain_) {
    if (property != GSASL_VALIDATE_SIMPLE) return GSASL_NO_CALLBACK;
    return owner_.check_password(this->property(GSASL_AUTHID), this->property(GSASL_PASSWORD))
               ? GSASL_OK
               : GSASL_AUTHENTICATION_ERROR;
  }
  const bool about_user = property == GSASL_SCRAM_ITER || property == GSASL_SCRAM_SALT ||
                          property == GSASL_SCRAM_STOREDKEY || property == GSASL_SCRAM_SERVERKEY;
  if (!about_user) return GSASL_NO_CALLBACK;  // it asks for channel bindings before the user's name is known
  if (!judged_) {
    judged_ = true;
    verifier_ = owner_.verifier_for(this->property(GSASL_AUTHID), hash_);
  }
  std::string value;
  switch (property) {
    case GSASL_SCRAM_ITER:
      value = std::to_string(verifier_.iterations);
      break;
    case GSASL_SCRAM_SALT:
      value = base64(verifier_.salt);
      break;
    case GSASL_SCRAM_STOREDKEY:
      value = base64(verifier_.stored_key);
      break;
    case GSASL_SCRAM_SERVERKEY:
      value = base64(verifier_.server_key);
      break;
    default:
      return GSASL_NO_CALLBACK;
  }
  return gsasl_property_set(session_.get(), property, value.c_str());
}

SaslExchange::Step SaslExchange::step(std::string_view input) {
  if (++steps_ > kMaxSteps) return {Status::failure, {}, "malformed-request"};
  char* bytes = nullptr;
  std::size_t length = 0;
  const int outcome = gsasl_step(session_.get(), input.data(), input.size(), &bytes, &length);
  std::string output = bytes != nullptr ? std::string(bytes, length) : std::string();
  gsasl_free(bytes);
  switch (outcome) {
    case GSASL_NEEDS_MORE:
      return {Status::more, std::move(output), {}};
    case GSASL_OK:
      return finish(std::move(output));
    case GSASL_MECHANISM_PARSE_ERROR:
      return {Status::failure, {}, "malformed-request"};
    case GSASL_MALLOC_ERROR:
    case GSASL_CRYPTO_ERROR:
      return {Status::failure, {}, "temporary-auth-failure"};
    default:
      return {Status::failure, {}, "not-authorized"};
  }
}

// The password was right: may this user act as the identity that it asks for?
SaslExchange::Step SaslExchange::finish(std::string output) {
  const std::string user = property(GSASL_AUTHID);
  const std::string identity = property(GSASL_AUTHZID);
  const auto* entry = owner_.find(user);
  if (entry == nullptr) return {Status::failure, {}, "not-authorized"};  // removed in the meantime
  if (!identity.empty() && owner_.local_part(identity) != owner_.local_part(user)) {
    return {Status::failure, {}, "invalid-authzid"};
  }
  account_ = entry->account;
  account_.name = owner_.local_part(user);
  return {Status::success, std::move(output), {}};
}

}  // namespace xmpp
