#!/usr/bin/python3
"""A call centre's line: each caller is connected to an agent, and both are recorded in one stereo file.

    call_centre.py JID PASSWORD AGENT-URI [HOST:PORT] [--once]

The caller hears it ring until the agent answers; left in the file is the caller, right the agent. When either hangs
up, so does the other, and the file's address is printed.
"""
import sys

import slixmpp
from slixmpp.xmlstream import ET, handler, matcher

RAYO = "{urn:xmpp:rayo:1}"
arguments = [a for a in sys.argv[1:] if a != "--once"]
once = "--once" in sys.argv
agent = arguments[2]
host, port = (arguments[3] if len(arguments) > 3 else "127.0.0.1:5222").split(":")
client = slixmpp.ClientXMPP(arguments[0], arguments[1])
beside = {}  # the caller's call -> the agent's, and the other way round


async def command(to, xml):
    ref = (await client.make_iq_set(ET.fromstring(xml), ito=to).send()).xml.find(RAYO + "ref")
    return ref.get("uri")[5:] if ref is not None else None


async def offered(call, caller):
    await command(call, "<accept xmlns='urn:xmpp:rayo:1'/>")
    leg = await command(client.boundjid.domain, f"<dial xmlns='urn:xmpp:rayo:1' to='{agent}' timeout='30000'>"
                                                f"<header name='X-Caller' value='{caller}'/></dial>")
    beside[call], beside[leg] = leg, call


async def agent_answered(leg):
    call = beside[leg]
    await command(call, "<answer xmlns='urn:xmpp:rayo:1'/>")
    await command(call, "<record xmlns='urn:xmpp:rayo:record:1' format='wav' start-beep='false' mix='false'/>")
    await command(call, f"<join xmlns='urn:xmpp:rayo:1' call-uri='xmpp:{leg}'/>")


async def ended(call):
    other = beside.pop(call, None)
    if other in beside:
        await command(other, "<hangup xmlns='urn:xmpp:rayo:1'/>")
    elif once:
        client.disconnect()


def told(presence):
    if len(presence.xml) == 0:
        return
    event, source = presence.xml[0], presence["from"].full
    name = event.tag.split("}")[1]
    if name == "offer":
        client.loop.create_task(offered(source, event.get("from")))
    elif name == "answered":
        client.loop.create_task(agent_answered(source))
    elif name == "complete":
        print("recorded in", event.find("{urn:xmpp:rayo:record:complete:1}recording").get("uri"), flush=True)
    elif name == "end":
        client.loop.create_task(ended(source))

client.register_handler(handler.Callback("events", matcher.MatchXPath("{jabber:client}presence"), told))
client.add_event_handler("session_start", lambda _: client.send_presence(pto=client.boundjid.domain, pshow="chat"))
client.connect((host, int(port)), disable_starttls=host == "127.0.0.1")
client.process(forever=not once)
