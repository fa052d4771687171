#pragma once
// One NUA stack on one address, over UDP, TCP or both: what NUTAG_URL() can name. Signalling thread.

#include <string>
#include <vector>

#include "base/result.hpp"
#include "sip/listen_address.hpp"
#include "sip/message.hpp"
#include "sip/sofia.hpp"
#include "sip/user_agent.hpp"

namespace sip {

class Endpoint {
 public:
  // `listen` share one address and port. The callback gets `magic` as its own.
  static base::Result<std::unique_ptr<Endpoint>> open(su_root_t* root, const std::vector<ListenAddress>& listen,
                                                      const Options& options, nua_callback_f callback,
                                                      nua_magic_t* magic);
  ~Endpoint();  // only once shut down
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  nua_t* nua() const { return nua_; }
  // Our Contact in a dialog with that peer.
  std::string contact_for(const Source& peer) const;
  // Whether requests of ours can leave from here to there: 0 no, more is better.
  int reach(const Source& hop) const;

  // Asks the stack to end; nua_r_shutdown reports how that goes. Transactions that are still open then get `patience`.
  void shut_down(std::chrono::milliseconds patience);
  bool is_down() const { return is_down_; }
  void set_down() { is_down_ = true; }

 private:
  Endpoint(const std::vector<ListenAddress>& listen, nua_t* nua);

  const net::Address address_;
  bool has_udp_ = false, has_tcp_ = false;
  nua_t* const nua_;
  bool is_down_ = false;
};

}  // namespace sip
