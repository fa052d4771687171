#pragma once
// The outcome of something that can be expected to fail: a value, or an Error that says what went wrong and whose fault
// it was. Exceptions are for start-up only.

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace base {

// What went wrong, in the terms that every interface can map to its own: one table makes SIP codes of it
// (call/sip_status.hpp), one stanza conditions (rayo/conditions.hpp).
enum class Kind {
  bad_request,     // it does not make sense, and never will
  not_supported,   // it makes sense, and this server does not do it
  not_found,       // what it is about does not exist (any more)
  conflict,        // it exists already, or belongs to somebody else
  unexpected,      // not now: the state is wrong
  not_allowed,     // refused by policy or by a decision taken earlier
  unregistered,    // who asks must register first
  not_authorized,  // who asks may not
  no_resources,    // no port, no space, too many; it may work later
  not_acceptable,  // no common ground was found (no codec)
  unavailable,     // a service that this depends on is not there
  internal,        // our own failure
};

// LiveKit's habit: say whose fault it was.
enum class Fault { ours, peer, destination };

struct Error {
  Kind kind = Kind::internal;
  std::string text;  // for a person; no trailing full stop
  Fault fault = Fault::ours;

  // The same error, with what was being attempted in front: "open spool file: no space left on device".
  Error in(const std::string& attempt) && { return {kind, attempt + ": " + text, fault}; }
};

inline Error bad_request(std::string text) { return {Kind::bad_request, std::move(text), Fault::peer}; }

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  T& value() {
    assert(state_.index() == 0);
    return std::get<0>(state_);
  }
  const T& value() const {
    assert(state_.index() == 0);
    return std::get<0>(state_);
  }
  Error& error() {
    assert(state_.index() == 1);
    return std::get<1>(state_);
  }
  const Error& error() const {
    assert(state_.index() == 1);
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return !failed_; }
  Error& error() {
    assert(failed_);
    return error_;
  }
  const Error& error() const {
    assert(failed_);
    return error_;
  }

 private:
  Error error_;
  bool failed_ = false;
};

}  // namespace base
