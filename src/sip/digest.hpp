#pragma once
// Answers digest challenges to requests of ours (RFC 3261 §22, RFC 7616). Signalling thread.

#include <set>
#include <string>

#include "sip/sofia.hpp"
#include "sip/user_agent.hpp"

namespace sip {

// Gives NUA, which waits with the request that was answered 401 or 407, our credentials for it. False if they are for
// another realm or the challenge is none that Sofia can answer (MD5 and MD5-sess, qop=auth), or if they have been
// refused: `answered` keeps the realms that have had them.
bool answer_challenge(nua_handle_t* handle, const sip_t& response, const Credentials& credentials,
                      std::set<std::string>& answered);

}  // namespace sip
