#pragma once
// What the generations of Rayo clients need differently and cannot be united: a dialect per client. Pure values.
//
//   rayo-2011         record-api.txt, to the letter (the default)
//   rayo-server-2013  the last rayo-server
//   xep-0327          XEP-0327

#include <optional>
#include <string>
#include <string_view>

#include "call/call.hpp"
#include "record/settings.hpp"
#include "xml/element.hpp"

namespace rayo {

enum class Dialect { rayo_2011, rayo_server_2013, xep_0327 };

std::optional<Dialect> parse_dialect(std::string_view name);
std::string_view name_of(Dialect dialect);
// For messages: "rayo-2011, rayo-server-2013 or xep-0327".
std::string_view dialect_names();

// What a <record/> without attributes asks for. `server_format` is [recording] format, which the 2011 dialect leaves to
// the server; the other two fix wav.
record::Settings record_defaults(Dialect dialect, const std::string& server_format);

// The reason inside <end/>.
xml::Element end_reason(Dialect dialect, const call::End& end);
// Whether presence that carries <complete/> is of type 'unavailable'.
bool complete_is_unavailable(Dialect dialect);
// Whether events carry a XEP-0203 time stamp (XEP-0327 §5.3: SHOULD; clients of 2011-2013 never saw one).
bool events_are_stamped(Dialect dialect);

}  // namespace rayo
