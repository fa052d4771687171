#pragma once
// Who is joined to whom (XEP-0327 §6.3 and §6.4): calls to each other, through our media or directly, and calls to
// mixers. Owned by Calls; control thread.
//
//   join ──▶ media joined, or the parties' descriptions exchanged (DirectMedia) ──▶ done, on_joined
//   unjoin, or one of the two ends ──▶ on_unjoined; a mixer that is left alone ends

#include <memory>
#include <string>
#include <vector>

#include "call/context.hpp"
#include "call/direct_media.hpp"

namespace call {

class Joins {
 public:
  explicit Joins(Context& context) : context_(context) {}

  // `done` is called once, when both are joined; on_joined follows. Joined already: takes the new settings, and no
  // on_joined follows. At least one of the two is a call.
  void join(Host& one, Host& other, JoinSettings settings, Started done);
  // The same with the mixer of that name, which is made if there is none.
  void join_mixer(Call& call, const std::string& zone, const std::string& name, JoinSettings settings, Started done);
  // not_found if they are not joined.
  base::Result<void> unjoin(Host& one, Host& other);
  void unjoin_all(Host& one);
  std::vector<Host*> joined_to(const Host& one) const;
  // What it sends is heard by the other.
  bool is_heard(const Host& one, const Host& other) const;

  // It ends: all of its joins are undone.
  void leave(Host& one) { undo_all(one, true); }

  // A call that was dialled with joins has been answered.
  void join_as_dialled(Call& call);
  // The same, where the party has made an offer, which is meant for the other.
  void connect_directly(Call& call, const std::string& offer);

 private:
  struct Edge {
    Host* one;
    Host* other;
    JoinSettings settings;
    std::unique_ptr<DirectMedia> direct;
    bool told = false;  // on_joined has been reported
    bool joins(const Host& a, const Host& b) const { return (one == &a && other == &b) || (one == &b && other == &a); }
    Host* beside(const Host& a) const { return one == &a ? other : other == &a ? one : nullptr; }
  };

  Edge* find(const Host& one, const Host& other);
  base::Result<void> check(Host& one, Host& other, const JoinSettings& settings);
  void set_settings(Edge& edge, Host& one, Host& other, JoinSettings settings, Started done);
  void connect(Edge& edge, const std::string& offer_of_other, Started done);
  void tell(Edge& edge);
  void undo(const Edge* edge, Host* ending);
  void undo_all(Host& one, bool ending);

  Context& context_;
  std::vector<std::unique_ptr<Edge>> edges_;
};

}  // namespace call
