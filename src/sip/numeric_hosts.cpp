#include "sip/numeric_hosts.hpp"

#include <cstring>
#include <netdb.h>
#include <sofia-sip/su.h>
#include <sofia-sip/su_addrinfo.h>

namespace sip {

void keep_names_unresolved() {}

}  // namespace sip

// Same shape as getaddrinfo(3), which it narrows; su_freeaddrinfo() of the library frees what getaddrinfo() made.
extern "C" __attribute__((visibility("default"))) int su_getaddrinfo(char const* node, char const* service,
                                                                     su_addrinfo_t const* hints, su_addrinfo_t** res) {
  su_addrinfo_t numeric{};
  if (hints != nullptr) numeric = *hints;
  numeric.ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
  return ::getaddrinfo(node, service, &numeric, res);
}
