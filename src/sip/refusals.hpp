#pragma once
// What a refused request within a dialog does to the dialog (RFC 5057 §5.1). Sofia hangs up after any 5xx and 6xx, as
// that RFC lets it: so a re-INVITE that met another (500 with Retry-After, RFC 3261 §14.2), or that is declined (603),
// would cost the call; and a 404 to a MESSAGE, too. So this layer brings its own sip_response_terminates_dialog(),
// which the linker prefers to the library's.

namespace sip {

// Does nothing; a reference to it is what pulls the replacement into the program.
void keep_refused_dialogs();

}  // namespace sip
