#include "rayo/verbs.hpp"

namespace rayo {

std::string_view name_of(Target target) {
  switch (target) {
    case Target::server:
      return "the server";
    case Target::call:
      return "a call";
    case Target::mixer:
      return "a mixer";
    case Target::component:
      return "a component";
  }
  return "this";
}

const Verb* find_verb(Target target, const xml::Element& payload) {
  for (const auto table : {call_verbs(), dial_verbs(), join_verbs(), dtmf_verbs(), input_verbs(), output_verbs(),
                           prompt_verbs(), record_verbs()}) {
    for (const Verb& verb : table) {
      if (verb.target == target && payload.is(verb.name, verb.ns)) return &verb;
    }
  }
  return nullptr;
}

}  // namespace rayo
