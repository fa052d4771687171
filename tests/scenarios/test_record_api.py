"""Every example of record-api.txt is a scenario: the stanzas as that document prints them, with our ids in them.

The document's addresses are kept: the domain is rayo.net, the client 16577@rayo.net/1, the call <id>@call.rayo.net/1.
"""

import re
import xml.etree.ElementTree as ET

import pytest

from support import audio, signals
from support.call import check_file
from support.rayo import RAYO


def canonical(xml):
    """The same text for XML that means the same: attributes in order, no white space between elements."""
    return ET.canonicalize(xml, strip_text=True)


@pytest.fixture
def rayo_net(bench):
    bench.start_server(xmpp={"domain": "rayo.net", "account": [{"name": "16577", "password": "secret"}]})
    client = bench.client("1", user="16577")
    sip_call, jid = bench.answered(client, play=signals.speech())
    return bench, client, sip_call, jid.split("@")[0]


def record(client, call_id, payload):
    client.send_raw(f"<iq type='set' to='{call_id}@call.rayo.net/1' from='16577@rayo.net/1' id='rec'>\n{payload}\n</iq>")
    reply = client.expect_reply("rec")
    assert reply.get("type") == "result", reply
    assert reply.get("from") == f"{call_id}@call.rayo.net/1"
    ref = reply.first
    assert ref.tag == RAYO + "ref"
    assert ref.get("uri") == "xmpp:" + ref.get("uri")[5:] and ref.get("uri").endswith("/" + ref.get("id"))
    return ref.get("uri")[5:]


def command(client, component, payload):
    call, component_id = component.split("@")[0], component.split("/")[1]
    client.send_raw(f"""  <iq type='set' to='{call}@call.rayo.net/{component_id}' from='16577@rayo.net/1' id='cmd'>
    {payload}
  </iq>""")
    reply = client.expect_reply("cmd")
    assert reply.get("type") == "result" and len(reply.element) == 0, reply
    return reply


def complete_as_documented(client, component, reason, error=None):
    """Takes the complete event and compares it with the document's, with uri, duration and size put in."""
    done = client.expect_complete(component)
    assert done.stanza.get("to") == "16577@rayo.net/1"
    assert done.stanza.get("type") is None
    documented = f"""<complete xmlns='urn:xmpp:rayo:ext:1'>
      {reason}
      <recording xmlns='urn:xmpp:rayo:record:complete:1'
           uri="{done.uri}"
           duration="{done.duration}"
           size="{done.size}"/>
    </complete>"""
    received = ET.tostring(done.stanza.first, encoding="unicode")
    assert normal(canonical(received)) == normal(canonical(documented))
    assert re.fullmatch(r"file:/[^/].*\.mp3", done.uri)
    return done


def normal(xml):
    """Prefixes that ElementTree invents are no difference."""
    root = ET.fromstring(xml)
    return [(e.tag, sorted(e.attrib.items()), (e.text or "").strip()) for e in root.iter()]


def test_an_empty_record_makes_an_mp3_in_the_file_system_and_gives_a_link_to_it(rayo_net):
    """Client sends the empty <record/> to call.rayo.net, client receives a ref; stop; client receives complete with
    an mp3's uri, duration and size; caller hears the start beep."""
    _, client, phone, call_id = rayo_net
    component = record(client, call_id, "  <record xmlns='urn:xmpp:rayo:record:1'/> ")
    phone.media.wait_position(signals.samples(1.5))
    command(client, component, "<stop xmlns='urn:xmpp:rayo:ext:1'/>")
    done = complete_as_documented(client, component, "<stop xmlns='urn:xmpp:rayo:ext:complete:1' />")
    assert check_file(done).rate == 8000
    assert len(audio.tone_spans(phone.media.heard_pcm(), 1000)) == 1


@pytest.mark.parametrize("initial, final", [("10000", "30000"), ("none", "none"), ("-1", "-1")])
def test_a_record_with_all_the_documented_attributes_and_hints_is_accepted(rayo_net, initial, final):
    """The document writes initial-timeout='10000|none': each of the two is sent here. Its XML comment is sent too."""
    _, client, phone, call_id = rayo_net
    component = record(client, call_id, f"""  <record xmlns='urn:xmpp:rayo:record:1'
      format='mp3'
      start-beep='true'
      start-paused='false'
      max-duration='500000'
      initial-timeout='{initial}'
      final-timeout='{final}'>
      <!-- Optional format-specific encoding hints -->
      <hint name="quality" value="4" />
      <hint name="double-pass" value="true" />
  </record>""")
    phone.media.wait_position(signals.samples(1))
    command(client, component, "<stop xmlns='urn:xmpp:rayo:ext:1'/>")
    check_file(complete_as_documented(client, component, "<stop xmlns='urn:xmpp:rayo:ext:complete:1'/>"))


def test_pause_resume_and_stop_as_documented(rayo_net):
    _, client, phone, call_id = rayo_net
    component = record(client, call_id, "<record xmlns='urn:xmpp:rayo:record:1'/>")
    phone.media.wait_position(signals.samples(0.6))
    command(client, component, "<pause xmlns='urn:xmpp:rayo:record:1' />    ")
    phone.media.wait_position(signals.samples(1.0))
    command(client, component, "<resume xmlns='urn:xmpp:rayo:record:1' />    ")
    phone.media.wait_position(signals.samples(1.6))
    command(client, component, "<stop xmlns='urn:xmpp:rayo:ext:1'/>    ")
    check_file(complete_as_documented(client, component, "<stop xmlns='urn:xmpp:rayo:ext:complete:1'/>"))


def test_a_component_is_also_stopped_by_the_old_namespace_of_stop(rayo_net):
    _, client, phone, call_id = rayo_net
    component = record(client, call_id, "<record xmlns='urn:xmpp:rayo:record:1'/>")
    phone.media.wait_position(signals.samples(0.6))
    command(client, component, "<stop xmlns='urn:xmpp:rayo:1'/>")
    check_file(complete_as_documented(client, component, "<stop xmlns='urn:xmpp:rayo:ext:complete:1'/>"))


def test_a_recording_that_completed_successfully_says_success(rayo_net):
    _, client, _, call_id = rayo_net
    component = record(client, call_id, "<record xmlns='urn:xmpp:rayo:record:1' max-duration='800'/>")
    done = complete_as_documented(client, component, "<success xmlns='urn:xmpp:rayo:record:complete:1'/>")
    assert done.duration == 800
    check_file(done)


def test_a_recording_whose_call_was_disconnected_says_hangup(rayo_net):
    _, client, phone, call_id = rayo_net
    component = record(client, call_id, "<record xmlns='urn:xmpp:rayo:record:1'/>")
    phone.media.wait_position(signals.samples(0.8))
    phone.bye()
    check_file(complete_as_documented(client, component, "<hangup xmlns='urn:xmpp:rayo:ext:complete:1' />"))


def test_a_recording_that_timed_out_says_error_with_a_text(bench):
    """The document's error has a text and no recording; issue 2 asks for uri, duration and size in every case."""
    bench.start_server()
    client = bench.client()
    _, jid = bench.answered(client)
    component = client.record(jid, "initial-timeout='600'")
    done = client.expect_complete(component)
    assert done.reason.tag == "{urn:xmpp:rayo:ext:complete:1}error"
    assert done.reason.text.strip()
    assert done.duration == 600
    check_file(done)
