#pragma once
// The listener's TLS configuration: TLS 1.2 and later, a configured certificate or one signed by itself, made in
// memory.

#include <memory>

#include <asio/ssl/context.hpp>

#include "base/result.hpp"
#include "xmpp/listener.hpp"

namespace xmpp {

// An error names the file that is at fault.
base::Result<std::unique_ptr<asio::ssl::context>> make_tls_context(const ListenerOptions& options);

}  // namespace xmpp
