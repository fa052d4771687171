#pragma once
// <record/> (record-api.txt; XEP-0327 §7.13.5.1) into what it asks for. All of it is judged before anything is begun.

#include <string>

#include "base/result.hpp"
#include "rayo/dialect.hpp"
#include "record/settings.hpp"
#include "xml/element.hpp"

namespace rayo {

// bad_request, with a text that names the attribute, for whatever does not meet the specification. Whether the format
// and its hints can be had is the recorder's to say.
base::Result<record::Settings> read_record(const xml::Element& element, Dialect dialect,
                                           const std::string& server_format);

}  // namespace rayo
