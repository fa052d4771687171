#pragma once
// What clients are owed: the <complete/> of each of their recordings, from its <ref/> on until it has been told, and
// the <end/> of its call behind that. On disk (base/notes.hpp), so that a client that was away, or a server that was
// killed, changes nothing but the time. Owned by the control thread; the time is passed in.
//
//   begin() ──▶ open ──set_due()──▶ due ──told: settle()──▶ gone         dropped: after `keep`; the oldest beyond
//   `most`
//                │                   ▲
//                └── killed ──▶ awaited: by what recovery finds of it
//
// What is known here is owed, what is not was told already: that is what keeps a <complete/> from being told twice,
// whatever a journal of the recording says. (Between handing it to the client's connection and removing its note from
// the disk lie microseconds, and a kill just then has it told once more.)

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/notes.hpp"
#include "call/context.hpp"
#include "record/settings.hpp"
#include "xmpp/jid.hpp"

namespace rayo {

using Instant = std::chrono::system_clock::time_point;

// One event that is owed.
struct UntoldEvent {
  enum class Kind { recording, end };
  Kind kind = Kind::recording;
  std::string id;  // the component's; of an end: one of its own
  xmpp::Jid host;  // the call or mixer, bare
  bool on_mixer = false;
  xmpp::Jid client;              // full, as it was
  std::optional<Instant> due{};  // since when it could be told; nothing: it is not known yet
  std::uint64_t order = 0;       // of those that became due
  record::Outcome outcome{};     // of a recording that is due, but for its Stats
  call::End end{};               // of an end, but for its headers
};

std::string text_of(const UntoldEvent& event);
// Nothing for what is no event; any bytes. `id`: the note's name.
std::optional<UntoldEvent> parse_untold(const std::string& id, std::string_view text);

// Who is to be told, as what record::Request::client carries: "<host> <client>", or "mixer <host> <client>".
std::string asker_text(const xmpp::Jid& host, bool on_mixer, const xmpp::Jid& client);
// An event of that recording, not due; nothing for another text.
std::optional<UntoldEvent> parse_asker(const std::string& component, std::string_view text);

struct UntoldOptions {
  std::filesystem::path folder{};                  // empty: nothing is kept over the end of the process
  std::chrono::milliseconds keep{7 * 86'400'000};  // so long after it became due
  std::size_t most = 10'000;                       // due at once
};

class Untold {
 public:
  explicit Untold(UntoldOptions options) : options_(std::move(options)), notes_(options_.folder) {}

  // Reads what the process before this one left: its open recordings are awaited, and its calls that had any have
  // ended with an error.
  void start(Instant now);

  void begin(const std::string& component, const xmpp::Jid& host, bool on_mixer, const xmpp::Jid& client);
  bool is_awaited(const std::string& component) const { return awaited_.contains(component); }
  const std::set<std::string>& awaited() const { return awaited_; }
  // Nothing if it is not known (any more): then it has been told.
  const UntoldEvent* find(const std::string& id) const;
  // How a recording ended; with a client if that is another now.
  void set_due(const std::string& component, const record::Outcome& outcome, Instant now,
               const std::optional<xmpp::Jid>& client = std::nullopt);
  // A recording that is not known, of a process that knew it.
  void add(UntoldEvent event, const record::Outcome& outcome, Instant now);
  // Nothing will come any more of those that are awaited; but of these.
  void close_awaited(const std::vector<std::string>& but, Instant now);
  // The end of a call, to be told behind its recordings.
  void add_end(const xmpp::Jid& host, const xmpp::Jid& client, const call::End& end, Instant now);
  // Whether a recording of that call is known; one that this client is to be told.
  bool has_of(const xmpp::Jid& call) const { return recordings_.contains(call); }
  bool has_of(const xmpp::Jid& call, const xmpp::Jid& client) const;
  // It has been told.
  void settle(const std::string& id);

  // The first that is due and `fits`; an end only once nothing of its call is left.
  const UntoldEvent* next(const std::function<bool(const UntoldEvent&)>& fits, Instant now);
  std::size_t size() const { return events_.size(); }

 private:
  void put(UntoldEvent event);  // as it is; not written down
  void make_due(UntoldEvent& event, Instant now);
  void drop_old(Instant now);

  const UntoldOptions options_;
  base::Notes notes_;
  std::map<std::string, UntoldEvent> events_;
  std::map<std::uint64_t, std::string> due_;     // ids, in the order of becoming due
  std::set<std::string> awaited_;                // of the process before this one
  std::map<xmpp::Jid, std::size_t> recordings_;  // of each call
  std::set<xmpp::Jid> lost_calls_;               // of the process before this one: those whose end is told
  std::uint64_t last_order_ = 0;
};

}  // namespace rayo
