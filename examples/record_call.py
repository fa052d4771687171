#!/usr/bin/python3
"""Answers every call, records it until the caller hangs up, and prints where the recording is.

    record_call.py JID PASSWORD [HOST:PORT] [--once]
"""
import sys

import slixmpp
from slixmpp.xmlstream import ET, handler, matcher

RAYO, RECORD, EXT = "urn:xmpp:rayo:1", "urn:xmpp:rayo:record:1", "urn:xmpp:rayo:ext:1"
args = [a for a in sys.argv[1:] if a != "--once"]
once = "--once" in sys.argv
host, port = (args[2] if len(args) > 2 else "127.0.0.1:5222").rsplit(":", 1)
client = slixmpp.ClientXMPP(args[0], args[1])


def on(event, function):
    path = matcher.MatchXPath("{jabber:client}presence/{%s}%s" % event)
    client.register_handler(handler.CoroutineCallback(str(event), path, function))


async def command(to, element, namespace):
    iq = client.make_iq_set(ET.Element("{%s}%s" % (namespace, element)), ito=to)
    return (await iq.send()).xml


async def offered(presence):
    call = presence["from"]
    await command(call, "answer", RAYO)
    ref = (await command(call, "record", RECORD)).find("{%s}ref" % RAYO)
    print("recording", ref.get("uri"), flush=True)


async def completed(presence):
    recording = presence.xml.find(".//{urn:xmpp:rayo:record:complete:1}recording")
    print("uri=%(uri)s duration=%(duration)s ms size=%(size)s bytes" % recording.attrib, flush=True)
    if once:
        client.disconnect()


async def started(_):
    client.send_presence(pto=client.boundjid.domain, pshow="chat")
    print("ready for calls", flush=True)

client.add_event_handler("session_start", started)
on((RAYO, "offer"), offered)
on((EXT, "complete"), completed)
# On loopback without TLS: the certificate that the server makes for itself is nothing to verify against.
client.connect((host, int(port)), disable_starttls=host == "127.0.0.1")
client.process(forever=not once)
