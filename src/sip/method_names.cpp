#include "sip/method_names.hpp"

#include <sofia-sip/msg_header.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/su_alloc.h>
#include <sofia-sip/su_string.h>
#include <sofia-sip/url.h>

namespace sip {

void keep_method_names() {}

}  // namespace sip

extern "C" __attribute__((visibility("default"))) sip_request_t* sip_request_create(
    su_home_t* home, sip_method_t method, char const* name, url_string_t const* uri, char const* version) {
  if (method == sip_method_unknown && name != nullptr) method = sip_method_code(name);
  name = method != sip_method_unknown ? sip_method_name(method, name) : su_strdup(home, name);
  const url_t* url = name != nullptr ? url_hdup(home, uri->us_url) : nullptr;
  auto* line =
      url != nullptr ? reinterpret_cast<sip_request_t*>(msg_header_alloc(home, sip_request_class, 0)) : nullptr;
  if (line == nullptr) return nullptr;
  line->rq_method = method;
  line->rq_method_name = name;
  *line->rq_url = *url;
  line->rq_version = version != nullptr ? version : SIP_VERSION_CURRENT;
  return line;
}
