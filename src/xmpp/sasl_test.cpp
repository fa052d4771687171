#include "xmpp/sasl.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xmpp {
namespace {

using Status = SaslExchange::Status;
using namespace std::string_literals;

std::string verifier_text(Hash hash, const std::string& password, unsigned iterations) {
  const auto v = Verifier::derive(hash, password, "a salt of its own", iterations);
  return (hash == Hash::sha1 ? "SCRAM-SHA-1$" : "SCRAM-SHA-256$") + std::to_string(iterations) + ":" + base64(v.salt) +
         "$" + base64(v.stored_key) + ":" + base64(v.server_key);
}

// A client over libgsasl's client side.
class GsaslClient {
 public:
  GsaslClient(const char* mechanism, const char* user, const char* password, const char* identity = nullptr) {
    gsasl_init(&context_);
    gsasl_client_start(context_, mechanism, &session_);
    gsasl_property_set(session_, GSASL_AUTHID, user);
    gsasl_property_set(session_, GSASL_PASSWORD, password);
    if (identity != nullptr) gsasl_property_set(session_, GSASL_AUTHZID, identity);
  }
  ~GsaslClient() {
    gsasl_finish(session_);
    gsasl_done(context_);
  }
  GsaslClient(const GsaslClient&) = delete;
  GsaslClient& operator=(const GsaslClient&) = delete;

  std::string step(const std::string& input) {
    char* out = nullptr;
    std::size_t length = 0;
    last = gsasl_step(session_, input.data(), input.size(), &out, &length);
    std::string bytes = out != nullptr ? std::string(out, length) : "";
    gsasl_free(out);
    return bytes;
  }
  int last = GSASL_OK;

 private:
  Gsasl* context_ = nullptr;
  Gsasl_session* session_ = nullptr;
};

struct Outcome {
  Status status;
  std::string condition;
  std::string account;
  bool server_is_proved = false;
};

Outcome log_in(Authenticator& server, const char* mechanism, const char* user, const char* password,
               const char* identity = nullptr) {
  GsaslClient client(mechanism, user, password, identity);
  const auto exchange = server.begin(mechanism);
  if (!exchange) return {Status::failure, "invalid-mechanism", ""};
  SaslExchange::Step step = exchange->step(client.step(""));
  while (step.status == Status::more) step = exchange->step(client.step(step.output));
  if (step.status == Status::failure) return {step.status, std::string(step.condition), ""};
  if (!step.output.empty()) client.step(step.output);
  return {step.status, "", exchange->account().name, client.last == GSASL_OK};
}

Authenticator server_with_all() {
  return {"example.org",
          {{"Alice", "pencil", "", "rayo-2011"},
           {"bob", "", verifier_text(Hash::sha256, "crayon", 5000), ""},
           {"old", "", verifier_text(Hash::sha1, "quill", 4096), ""}}};
}

TEST(Sasl, offers_the_best_mechanism_first_and_only_what_an_account_can_do) {
  EXPECT_THAT(server_with_all().mechanisms(), testing::ElementsAre("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"));
  Authenticator one("example.org", {{"bob", "", verifier_text(Hash::sha256, "crayon", 4096), ""}});
  EXPECT_THAT(one.mechanisms(), testing::ElementsAre("SCRAM-SHA-256", "PLAIN"));
  EXPECT_EQ(one.begin("SCRAM-SHA-1"), nullptr);
  EXPECT_EQ(one.begin("DIGEST-MD5"), nullptr);
  EXPECT_EQ(one.begin(""), nullptr);
}

TEST(Sasl, lets_in_who_knows_the_password_by_every_mechanism) {
  Authenticator server = server_with_all();
  for (const char* mechanism : {"PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"}) {
    const Outcome outcome = log_in(server, mechanism, "alice", "pencil");
    EXPECT_EQ(outcome.status, Status::success) << mechanism << outcome.condition;
    EXPECT_EQ(outcome.account, "alice");
    EXPECT_TRUE(outcome.server_is_proved);
  }
  EXPECT_EQ(log_in(server, "SCRAM-SHA-256", "bob", "crayon").status, Status::success);
  EXPECT_EQ(log_in(server, "PLAIN", "bob", "crayon").status, Status::success);
  EXPECT_EQ(log_in(server, "SCRAM-SHA-1", "old", "quill").status, Status::success);
  EXPECT_EQ(log_in(server, "PLAIN", "old", "quill").status, Status::success);
}

TEST(Sasl, tells_nobody_whether_the_user_or_the_password_was_wrong) {
  Authenticator server = server_with_all();
  for (const char* mechanism : {"PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"}) {
    for (const char* user : {"alice", "bob", "old", "nobody", "a b"}) {
      const Outcome outcome = log_in(server, mechanism, user, "wrong");
      EXPECT_EQ(outcome.status, Status::failure);
      EXPECT_EQ(outcome.condition, "not-authorized") << mechanism << " " << user;
    }
  }
  EXPECT_EQ(log_in(server, "SCRAM-SHA-1", "bob", "crayon").condition, "not-authorized");  // has no SHA-1 verifier
}

TEST(Sasl, gives_an_unknown_user_the_same_salt_every_time_as_it_does_a_known_one) {
  Authenticator server = server_with_all();
  const auto challenge = [&](const std::string& user) {
    const auto first = server.begin("SCRAM-SHA-256")->step("n,,n=" + user + ",r=nonce");
    EXPECT_EQ(first.status, Status::more);
    return first.output.substr(first.output.find(",s="));
  };
  EXPECT_EQ(challenge("alice"), challenge("alice"));
  EXPECT_EQ(challenge("nobody"), challenge("nobody"));
  EXPECT_NE(challenge("nobody"), challenge("somebody"));
}

TEST(Sasl, takes_an_authorization_identity_that_is_empty_bare_or_a_plain_name) {
  Authenticator server = server_with_all();
  for (const char* identity : {"", "alice", "alice@example.org", "ALICE@Example.org"}) {
    EXPECT_EQ(log_in(server, "PLAIN", "alice", "pencil", identity).status, Status::success) << identity;
    EXPECT_EQ(log_in(server, "SCRAM-SHA-256", "alice", "pencil", identity).status, Status::success) << identity;
  }
  for (const char* identity : {"bob", "bob@example.org", "alice@elsewhere.org", "alice@example.org/desk"}) {
    EXPECT_EQ(log_in(server, "PLAIN", "alice", "pencil", identity).condition, "invalid-authzid") << identity;
    EXPECT_EQ(log_in(server, "PLAIN", "alice", "wrong", identity).condition, "not-authorized") << identity;
  }
}

TEST(Sasl, takes_a_client_that_supports_channel_bindings_and_was_offered_none) {
  Authenticator server = server_with_all();
  const auto exchange = server.begin("SCRAM-SHA-256");
  EXPECT_EQ(exchange->step("y,,n=bob,r=nonce").status, Status::more);
}

TEST(Sasl, calls_malformed_what_is) {
  Authenticator server = server_with_all();
  for (const std::string& text : {"no nul"s, "\0only one"s, "a\0b\0c\0d"s}) {
    EXPECT_EQ(server.begin("PLAIN")->step(text).condition, "malformed-request");
  }
  EXPECT_EQ(server.begin("SCRAM-SHA-1")->step("what?").condition, "malformed-request");
  const auto endless = server.begin("PLAIN");
  SaslExchange::Step step = endless->step("");
  for (int i = 0; i < 10 && step.status == Status::more; ++i) step = endless->step("");
  EXPECT_EQ(step.status, Status::failure);
}

TEST(Sasl, judges_by_the_new_accounts_once_they_are_replaced) {
  Authenticator server = server_with_all();
  server.set_accounts({{"alice", "new", "", ""}});
  EXPECT_EQ(log_in(server, "SCRAM-SHA-256", "alice", "pencil").condition, "not-authorized");
  EXPECT_EQ(log_in(server, "SCRAM-SHA-256", "alice", "new").status, Status::success);
  EXPECT_EQ(log_in(server, "PLAIN", "bob", "crayon").condition, "not-authorized");
  server.set_accounts({});
  EXPECT_EQ(log_in(server, "PLAIN", "alice", "new").condition, "not-authorized");
}

}  // namespace
}  // namespace xmpp
