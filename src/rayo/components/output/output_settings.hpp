#pragma once
// <output/> (XEP-0327 §6.5.3, §7.13.1) into what it asks for, in every form that clients of the two generations send:
//
//   <document content-type= >…</document>, <document url= />          XEP-0327
//   text, <speak>…</speak>, <audio src= />, alone or mixed; url=       clients of 2011-2013
//
// All of it is judged before anything is begun; whether the documents can be had and rendered is the renderer's to say.
// Pure functions.

#include "base/result.hpp"
#include "call/output.hpp"
#include "xml/element.hpp"

namespace rayo {

// bad_request, with a text that names what is wrong; not_supported for a renderer or a content type that is not.
base::Result<call::OutputSettings> read_output(const xml::Element& element);

// <seek direction= amount=/>: by how much.
base::Result<std::chrono::milliseconds> read_seek(const xml::Element& element);

}  // namespace rayo
