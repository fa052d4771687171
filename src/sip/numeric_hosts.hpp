#pragma once
// No name is ever looked up on the signalling thread. Sofia's transports resolve a host name with su_getaddrinfo(),
// which blocks in the resolver: a burst of malformed requests, each with a name of its own in Via, would stop every
// call. So this layer brings its own su_getaddrinfo(), which the linker prefers to the library's; it takes numeric
// hosts only.

namespace sip {

// Does nothing; a reference to it is what pulls the replacement into the program.
void keep_names_unresolved();

}  // namespace sip
