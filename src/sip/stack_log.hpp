#pragma once
// Sofia's own log lines go to base::log at level debug, whatever its environment variables say; and as NTA tells of
// malformed messages only there, they are counted on the way. Sofia's loggers are process-wide, so each signalling
// thread says for itself, as long as this object lives, whose counters its lines belong to.

#include "sip/counters.hpp"

namespace sip {

class StackLog {
 public:
  explicit StackLog(Counters& counters);
  ~StackLog();
  StackLog(const StackLog&) = delete;
  StackLog& operator=(const StackLog&) = delete;
};

}  // namespace sip
