#!/usr/bin/python3
"""A voicemail: greets, beeps, records until three seconds of silence or #, plays it back, mails where the file is.

    voicemail.py JID PASSWORD [HOST:PORT [SMTP-HOST:PORT RECIPIENT]] [--once]"""
import smtplib
import sys

import slixmpp
from slixmpp.xmlstream import ET, handler, matcher

arguments = [argument for argument in sys.argv[1:] if argument != "--once"]
jid, password, server, smtp, recipient = arguments + ["127.0.0.1:5222", "", ""][len(arguments) - 2:]
client = slixmpp.ClientXMPP(jid, password)
completes = {}  # component -> a future of its <complete/>
SAY = "<output xmlns='urn:xmpp:rayo:output:1'><document content-type='{}'>{}</document></output>"
RECORD = "<record xmlns='urn:xmpp:rayo:record:1' start-beep='true' final-timeout='3000' direction='send'/>"
HASH = """<input xmlns='urn:xmpp:rayo:input:1' mode='dtmf'><grammar content-type='application/srgs+xml'><grammar
  xmlns='http://www.w3.org/2001/06/grammar' mode='dtmf' root='r'><rule id='r'>#</rule></grammar></grammar></input>"""


async def command(to, xml):  # returns the address in the answer's <ref/>, if it has one
    ref = (await client.make_iq_set(ET.fromstring(xml), ito=to).send()).xml.find("{urn:xmpp:rayo:1}ref")
    return ref.get("uri")[5:] if ref is not None else None


def complete(component):
    return completes.setdefault(component, client.loop.create_future())


async def take_message(call, caller):
    try:
        await command(call, "<answer xmlns='urn:xmpp:rayo:1'/>")
        await complete(await command(call, SAY.format("text/plain", "Speak after the tone. Press hash to end.")))
        recording, key = await command(call, RECORD), await command(call, HASH)
        complete(key).add_done_callback(lambda _: complete(recording).done() or client.loop.create_task(
            command(recording, "<stop xmlns='urn:xmpp:rayo:ext:1'/>")))
        file = (await complete(recording)).find("{urn:xmpp:rayo:record:complete:1}recording").get("uri")
        print("message from", caller, "in", file, flush=True)
        if recipient:
            smtplib.SMTP(*smtp.split(":")).sendmail("voicemail@localhost", recipient, "\r\n".join(
                [f"Subject: Message from {caller}", f"To: {recipient}", "", file]))
        await complete(await command(call, SAY.format("text/uri-list", file)))
        await command(call, "<hangup xmlns='urn:xmpp:rayo:1'/>")
    except slixmpp.exceptions.IqError as error:
        print("the call is over:", error.condition, flush=True)
    if "--once" in sys.argv:
        client.disconnect()


def told(presence):
    for event in presence.xml[:1]:
        if event.tag == "{urn:xmpp:rayo:1}offer":
            client.loop.create_task(take_message(presence["from"], event.get("from")))
        elif event.tag == "{urn:xmpp:rayo:ext:1}complete":
            complete(presence["from"].full).set_result(event)

client.register_handler(handler.Callback("events", matcher.MatchXPath("{jabber:client}presence"), told))
client.add_event_handler("session_start", lambda _: client.send_presence(pto=client.boundjid.domain, pshow="chat"))
client.connect(tuple(server.split(":")), disable_starttls=server.startswith("127."))
client.process(forever="--once" not in sys.argv)
