#pragma once
// The calls that were up when the process before this one was killed: each gets one BYE within its dialog, whatever it
// answers, and is forgotten. So many a second and no more; nobody is waited for longer than some seconds. Signalling
// thread.
//
//   note found at start ──▶ waiting ──its turn──▶ BYE ──any final answer, 5 s──▶ note removed

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/notes.hpp"
#include "sip/dialog_note.hpp"
#include "sip/endpoint.hpp"

namespace sip {

class Farewells {
 public:
  static constexpr std::size_t kMost = 20000;  // dialogs; the rest is forgotten unsaid

  Farewells(std::function<Endpoint*(const Source& hop)> endpoint, base::Notes& notes)
      : endpoint_(std::move(endpoint)), notes_(notes) {}
  ~Farewells() { give_up(); }
  Farewells(const Farewells&) = delete;
  Farewells& operator=(const Farewells&) = delete;

  // What the process before this one left: notes by name, any bytes.
  void take(const std::map<std::string, std::string>& notes);
  // Ten times a second.
  void on_time(base::Time now);
  // False if it is no answer to a BYE of ours.
  bool on_answered(nua_handle_t* handle, int status);
  // Before the endpoints end. What has not been said is left for the next start.
  void give_up();

 private:
  struct Sent {
    std::string name;
    nua_handle_t* handle;
    base::Time until;
  };
  void send(const std::string& name, const DialogNote& note, base::Time now);

  const std::function<Endpoint*(const Source&)> endpoint_;
  base::Notes& notes_;
  std::deque<std::pair<std::string, DialogNote>> waiting_;
  std::list<Sent> sent_;
};

}  // namespace sip
