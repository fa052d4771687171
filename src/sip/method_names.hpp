#pragma once
// nua_method() with a method that Sofia knows, as REGISTER, leaves a pointer to the name that it was given in the
// transaction, which outlives the name: its log lines then read freed memory. So this layer brings its own
// sip_request_create(), which the linker prefers to the library's, and which takes Sofia's own name for such a method.

namespace sip {

// Does nothing; a reference to it is what pulls the replacement into the program.
void keep_method_names();

}  // namespace sip
