#include "xmpp/tls.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/random.hpp"
#include "net/address.hpp"

namespace xmpp {
namespace {

constexpr long kDay = 24 * 60 * 60;

template <class T, void (*release)(T*)>
struct Release {
  void operator()(T* object) const { release(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509, X509_free>>;

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool use_self_signed(SSL_CTX* context, const std::string& domain) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  if (!key || !certificate) return false;
  X509* x = certificate.get();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), base::random_u64() >> 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(x), 10 * 365 * kDay);
  X509_set_pubkey(x, key.get());
  X509_NAME* name = X509_get_subject_name(x);
  const std::string common = domain.substr(0, 64);  // its upper bound; the whole name is in the SAN
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common.data()),
                             static_cast<int>(common.size()), -1, 0);
  X509_set_issuer_name(x, name);
  const bool is_ip = net::Address::parse(domain, 0).has_value();
  return add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(x, NID_subject_alt_name, (is_ip ? "IP:" : "DNS:") + domain) &&
         X509_sign(x, key.get(), EVP_sha256()) > 0 && SSL_CTX_use_certificate(context, x) == 1 &&
         SSL_CTX_use_PrivateKey(context, key.get()) == 1;
}

base::Error at_fault(const char* what, const std::string& file, const std::string& why) {
  return {base::Kind::bad_request, std::string(what) + " " + file + ": " + why};
}

}  // namespace

base::Result<std::unique_ptr<asio::ssl::context>> make_tls_context(const ListenerOptions& options) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  // Never ask on a terminal for a passphrase.
  SSL_CTX_set_default_passwd_cb(native, [](char*, int, int, void*) { return 0; });

  if (options.certificate.empty() && options.key.empty()) {
    if (!use_self_signed(native, options.domain)) {
      return base::Error{base::Kind::internal, "cannot make a certificate for " + options.domain};
    }
    return context;
  }
  if (options.certificate.empty() || options.key.empty()) {
    return base::bad_request("a certificate and its key must be configured together; only " + options.certificate +
                             options.key + " is");
  }
  asio::error_code failed;
  context->use_certificate_chain_file(options.certificate, failed);
  if (failed) return at_fault("certificate", options.certificate, failed.message());
  context->use_private_key_file(options.key, asio::ssl::context::pem, failed);
  if (failed) return at_fault("key", options.key, failed.message());
  if (SSL_CTX_check_private_key(native) != 1) {
    return at_fault("key", options.key, "does not belong to the certificate " + options.certificate);
  }
  return context;
}

}  // namespace xmpp
