#pragma once
// Sofia-SIP's headers, and the guards for what it hands out. Private to sip/; signalling thread only.

#include <memory>
#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/nta_tag.h>
#include <sofia-sip/nua.h>
#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_tag.h>
#include <sofia-sip/sip_util.h>
#include <sofia-sip/su.h>
#include <sofia-sip/su_log.h>
#include <sofia-sip/su_tag.h>
#include <sofia-sip/su_wait.h>
#include <sofia-sip/tport_tag.h>
#include <sofia-sip/url.h>

namespace sip {

struct HomeRelease {
  void operator()(su_home_t* home) const { su_home_unref(home); }
};
using Home = std::unique_ptr<su_home_t, HomeRelease>;
inline Home make_home() { return Home(su_home_create()); }

struct MessageRelease {
  void operator()(msg_t* message) const { msg_destroy(message); }
};
using MessageRef = std::unique_ptr<msg_t, MessageRelease>;

}  // namespace sip
