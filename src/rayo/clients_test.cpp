#include "rayo/clients.hpp"

#include <gtest/gtest.h>

#include "xml/parser.hpp"

namespace {

using rayo::Clients;
using rayo::Dialect;

const xmpp::Jid kClient{"app", "localhost", "1"};

xml::Element presence(const std::string& inside) { return *xml::parse("<presence xmlns='jabber:client' " + inside); }

TEST(Clients, DirectedChatMakesAvailableAndDndEndsIt) {
  Clients clients(Dialect::rayo_2011);
  clients.on_presence(kClient, "", presence("><show>chat</show></presence>"), true);
  EXPECT_TRUE(clients.is_available(kClient));
  clients.on_presence(kClient, "", presence("><show>dnd</show></presence>"), true);
  EXPECT_FALSE(clients.is_available(kClient));
}

TEST(Clients, BarePresenceIsEnoughUntilDirectedPresenceHasSpoken) {
  Clients clients(Dialect::rayo_2011);
  clients.on_presence(kClient, "", presence("/>"), false);
  EXPECT_TRUE(clients.is_available(kClient));
  clients.on_presence(kClient, "", presence("><show>dnd</show></presence>"), true);
  clients.on_presence(kClient, "", presence("/>"), false);
  EXPECT_FALSE(clients.is_available(kClient));
}

TEST(Clients, UndirectedChatAndUnavailableCount) {
  Clients clients(Dialect::rayo_2011);
  clients.on_presence(kClient, "", presence("><show>chat</show></presence>"), false);
  EXPECT_TRUE(clients.is_available(kClient));
  clients.on_presence(kClient, "", presence("type='unavailable'/>"), false);
  EXPECT_FALSE(clients.is_available(kClient));
  EXPECT_TRUE(clients.is_connected(kClient));
  clients.remove(kClient);
  EXPECT_FALSE(clients.is_connected(kClient));
}

TEST(Clients, SubscriptionsSayNothing) {
  Clients clients(Dialect::rayo_2011);
  clients.on_presence(kClient, "", presence("type='subscribe'/>"), true);
  EXPECT_FALSE(clients.is_available(kClient));
}

TEST(Clients, DialectIsTheAccountsElseTheCapsElseTheServers) {
  Clients clients(Dialect::rayo_server_2013);
  EXPECT_EQ(clients.dialect(kClient), Dialect::rayo_server_2013);
  const auto with_caps = presence(
      "><show>chat</show><c xmlns='http://jabber.org/protocol/caps' node='urn:xmpp:rayo:client:1' hash='sha-1' "
      "ver='x'/></presence>");
  clients.on_presence(kClient, "", with_caps, true);
  EXPECT_EQ(clients.dialect(kClient), Dialect::xep_0327);
  clients.on_presence(kClient, "rayo-2011", with_caps, true);
  EXPECT_EQ(clients.dialect(kClient), Dialect::rayo_2011);
}

}  // namespace
