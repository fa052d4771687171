#!/usr/bin/python3
"""A conference for everyone who calls, recorded whole: one channel for each participant.

    conference_recorder.py JID PASSWORD [HOST:PORT] [--once]

Says who comes, speaks and goes; prints where the recording is when the last has left.
"""
import sys

import slixmpp
from slixmpp.xmlstream import ET, handler, matcher

RAYO = "{urn:xmpp:rayo:1}"
arguments = [a for a in sys.argv[1:] if a != "--once"]
once = "--once" in sys.argv
host, port = (arguments[2] if len(arguments) > 2 else "127.0.0.1:5222").split(":")
client = slixmpp.ClientXMPP(arguments[0], arguments[1])
callers = {}  # call id -> who calls
recorded = set()  # mixers that are


async def command(to, xml):
    ref = (await client.make_iq_set(ET.fromstring(xml), ito=to).send()).xml.find(RAYO + "ref")
    return ref.get("uri")[5:] if ref is not None else None


async def welcome(call):
    await command(call, "<answer xmlns='urn:xmpp:rayo:1'/>")
    mixer = await command(call, "<join xmlns='urn:xmpp:rayo:1' mixer-name='conference'/>")
    if mixer not in recorded:
        recorded.add(mixer)
        await command(mixer, "<record xmlns='urn:xmpp:rayo:record:1' format='wav' start-beep='false' mix='false'/>")


def told(presence):
    """Each event that a call, the mixer or the recording sends."""
    if len(presence.xml) == 0:
        return
    event, source = presence.xml[0], presence["from"]
    name, who = event.tag.split("}")[1], callers.get(event.get("call-id"))
    if name == "offer":
        callers[source.user] = event.get("from")
        client.loop.create_task(welcome(source))
    elif who and name in ("joined", "unjoined", "started-speaking", "stopped-speaking"):
        print(who, name, flush=True)
    elif name == "complete":
        recorded.clear()
        file = event.find("{urn:xmpp:rayo:record:complete:1}recording")
        print("conference recorded in", file.get("uri"), "duration", file.get("duration"), "ms", flush=True)
        if once:
            client.disconnect()

client.register_handler(handler.Callback("events", matcher.MatchXPath("{jabber:client}presence"), told))
client.add_event_handler("session_start", lambda _: client.send_presence(pto=client.boundjid.domain, pshow="chat"))
client.connect((host, int(port)), disable_starttls=host == "127.0.0.1")
client.process(forever=not once)
