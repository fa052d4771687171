#pragma once
// The one answer that an iq gets, now or later: keeps who asked what, and writes the result or the error.
// Owned by the control thread.

#include <cassert>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "rayo/conditions.hpp"
#include "xml/element.hpp"
#include "xmpp/jid.hpp"

namespace rayo {

class Reply {
 public:
  // Sends a stanza; false if the client is gone.
  using Send = std::function<bool(const xmpp::Jid& to, const xml::Element& stanza)>;

  // `from` is the sender of `iq`.
  Reply(Send send, xmpp::Jid from, xml::Element iq);
  Reply(Reply&&) = default;

  const xmpp::Jid& from() const { return from_; }

  void result();
  void result(xml::Element payload);
  // `type`: instead of the condition's usual one.
  void error(const base::Error& error, std::string_view type = {});
  // The verb itself is not known here: feature-not-implemented (cancel), where a value that is not is (modify).
  void refuse_verb(std::string_view text);
  // An empty result, or the error.
  void outcome(const base::Result<void>& outcome);

 private:
  void send(const xml::Element& answer);

  Send send_;
  xmpp::Jid from_;
  xml::Element iq_;
  bool answered_ = false;
};

}  // namespace rayo
