#pragma once
// A mixer (XEP-0327 §6.4): hosts components like a call, and whoever is joined to it hears all the others. It is made
// by the first join and goes after the last. Its name belongs to a security zone, whose clients alone see it; inside
// the server it goes by an id. Owned by Mixers; control thread.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "call/context.hpp"
#include "call/host.hpp"

namespace call {

class Mixer final : public Host {
 public:
  Mixer(Context& context, std::string id, std::string zone, std::string name);

  const std::string& zone() const { return zone_; }
  const std::string& name() const { return name_; }
  const std::vector<Call*>& members() const { return members_; }

  // Host
  bool is_mixer() const override { return true; }
  bool is_ending() const override { return ending_; }
  base::Result<media::EndpointRef> open_media() override;
  media::EndpointRef endpoint() const override { return bridge_; }
  std::uint32_t rate() const override;
  std::string to() const override { return name_; }

  // By Joins. The last that leaves ends the mixer.
  void add_member(Call& call);
  // Which way audio goes has changed.
  void change_member(Call& call);
  void remove_member(Call& call);

  void on_media(const media::Destroyed& event);

 private:
  void finish_if_done();
  void on_components_gone() override { finish_if_done(); }

  const std::string zone_, name_;
  const media::EndpointRef bridge_;
  std::vector<Call*> members_;
  bool ending_ = false, destroyed_ = false, over_ = false;
};

// All mixers that are up. Owned by Calls.
class Mixers {
 public:
  explicit Mixers(Context& context) : context_(context) {}

  // The one of that name in the zone that is not ending; null if there is none.
  Mixer* find(const std::string& zone, const std::string& name) const;
  Mixer* find_by_id(const std::string& id) const;
  // Made if there is none.
  Mixer& obtain(const std::string& zone, const std::string& name);
  void remove(const std::string& id) { mixers_.erase(id); }
  std::size_t size() const { return mixers_.size(); }

 private:
  Context& context_;
  std::unordered_map<std::string, std::unique_ptr<Mixer>> mixers_;  // by id
};

}  // namespace call
