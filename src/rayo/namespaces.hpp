#pragma once
// The XML namespaces of Rayo (XEP-0327 §12.1) and of what goes with it.

#include <string_view>

namespace rayo::ns {

inline constexpr std::string_view kRayo = "urn:xmpp:rayo:1";
inline constexpr std::string_view kClient = "urn:xmpp:rayo:client:1";
inline constexpr std::string_view kCall = "urn:xmpp:rayo:call:1";
inline constexpr std::string_view kMixer = "urn:xmpp:rayo:mixer:1";
inline constexpr std::string_view kExt = "urn:xmpp:rayo:ext:1";
inline constexpr std::string_view kExtComplete = "urn:xmpp:rayo:ext:complete:1";
inline constexpr std::string_view kRecord = "urn:xmpp:rayo:record:1";
inline constexpr std::string_view kRecordComplete = "urn:xmpp:rayo:record:complete:1";
inline constexpr std::string_view kOutput = "urn:xmpp:rayo:output:1";
inline constexpr std::string_view kOutputComplete = "urn:xmpp:rayo:output:complete:1";
inline constexpr std::string_view kInput = "urn:xmpp:rayo:input:1";
inline constexpr std::string_view kInputComplete = "urn:xmpp:rayo:input:complete:1";
inline constexpr std::string_view kPrompt = "urn:xmpp:rayo:prompt:1";
inline constexpr std::string_view kCaps = "http://jabber.org/protocol/caps";
inline constexpr std::string_view kDelay = "urn:xmpp:delay";
inline constexpr std::string_view kDiscoInfo = "http://jabber.org/protocol/disco#info";
inline constexpr std::string_view kDiscoItems = "http://jabber.org/protocol/disco#items";
inline constexpr std::string_view kPing = "urn:xmpp:ping";

}  // namespace rayo::ns
