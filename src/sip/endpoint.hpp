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
  // Our Contact in a dialog whose first request came from there.
  std::string contact_for(const Source& source) const;

  // Asks the stack to end; nua_r_shutdown reports how that goes. Transactions that are still open then get `patience`.
  void shut_down(std::chrono::milliseconds patience);
  bool is_down() const { return is_down_; }
  void set_down() { is_down_ = true; }

 private:
  Endpoint(net::Address address, nua_t* nua) : address_(address), nua_(nua) {}

  const net::Address address_;
  nua_t* const nua_;
  bool is_down_ = false;
};

}  // namespace sip
