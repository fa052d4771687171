#include "sip/offer.hpp"

#include "base/random.hpp"

namespace sip {

void OurOffer::set_glare(bool made_call_id, base::Time now) {
  const auto step = std::chrono::milliseconds(10);
  wait_until(now + (made_call_id ? 210 + base::random_u32() % 191 : base::random_u32() % 201) * step);
}

}  // namespace sip
