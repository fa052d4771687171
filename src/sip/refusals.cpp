#include "sip/refusals.hpp"

#include <sofia-sip/sip.h>

namespace sip {

void keep_refused_dialogs() {}

}  // namespace sip

// -1: the dialog is gone, 1: so is this usage of it, 0: it goes on. `graceful` asks for a BYE.
extern "C" __attribute__((visibility("default"))) int sip_response_terminates_dialog(int status, sip_method_t method,
                                                                                     int* graceful) {
  if (graceful != nullptr) *graceful = 0;
  switch (status) {
    case 408:
    case 481:
      return 1;
    case 404:
    case 410:
    case 416:
    case 482:
    case 484:
    case 485:
    case 502:
    case 604:  // the target that the peer itself has named does not exist
      return method == sip_method_info || method == sip_method_message ? 0 : -1;
    default:
      return 0;
  }
}
