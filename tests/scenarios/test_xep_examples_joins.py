"""Every example of XEP-0327 §6.3 and §6.4: joining calls, mixers. See support/xep.py.

"Not sufficient resources to complete the join" is not among them: a join takes no resource that can run out.
"""

import pytest

from support import signals
from support.rayo_verbs import RAYO, names
from support.xep import JULIET, Play, error, ref_of

JOIN = "<join xmlns='urn:xmpp:rayo:1' call-uri='xmpp:{}'/>"
UNJOIN = "<unjoin xmlns='urn:xmpp:rayo:1' call-uri='xmpp:{}'/>"
NOBODY = "callC@call.shakespeare.lit"


def told(one, event, other):
    return f"<presence from='{one}' to='{JULIET}'><{event} xmlns='urn:xmpp:rayo:1' call-uri='xmpp:{other}'/></presence>"


def since(client, reply):
    """Everything that came from that reply on, in order."""
    client.sync()
    return [s for s in client.received if s.number >= reply.number and not (s.get("id") or "").startswith("sync")]


@pytest.fixture
def play(bench):
    return Play(bench)


def test_client_instructs_call_a_to_join_to_call_b_and_both_emit_joined_events(play):
    """The answer comes first, then the event of call A, then that of call B, as in the example."""
    (_, a), (_, b) = play.calls(2)
    reply = play.command(a, JOIN.format(b), "result")
    play.expect(told(a, "joined", b)), play.expect(told(b, "joined", a))
    assert [s.get("from") for s in since(play.juliet, reply)] == [a, a, b]


def test_the_join_party_does_not_exist(play):
    _, a = play.call()
    play.command(a, JOIN.format(NOBODY), error("cancel", "service-unavailable"))


def test_the_join_party_is_inaccessible_due_to_security_restrictions(play):
    _, a = play.call()
    romeo = play.enter("orchard", user="romeo", register=False)
    _, c = play.bench.dialled(romeo)
    play.command(a, JOIN.format(c), error("cancel", "not-allowed"))


@pytest.mark.parametrize("verb", ["join", "unjoin"])
def test_the_join_command_was_malformed(play, verb):
    _, a = play.call()
    play.command(a, f"<{verb} xmlns='urn:xmpp:rayo:1' call-uri='xmpp:'/>", error("modify", "bad-request"))


def test_the_combination_of_media_and_direction_is_not_supported(play):
    (_, a), (_, b) = play.calls(2)
    play.command(a, f"<join xmlns='urn:xmpp:rayo:1' call-uri='xmpp:{b}' media='direct' direction='recv'/>",
                 error("modify", "feature-not-implemented"))


def test_client_instructs_call_a_to_unjoin_from_call_b_and_both_announce_it(play):
    (_, a), (_, b) = play.calls(2)
    play.command(a, JOIN.format(b), "result")
    reply = play.command(a, UNJOIN.format(b), "result")
    play.expect(told(a, "unjoined", b)), play.expect(told(b, "unjoined", a))
    assert [s.get("from") for s in since(play.juliet, reply)] == [a, a, b]


def test_client_instructs_call_a_to_unjoin_from_every_existing_join(play):
    (_, a), (_, b), (_, c) = play.calls(3)
    play.command(a, JOIN.format(b), "result"), play.command(a, JOIN.format(c), "result")
    play.command(a, "<unjoin xmlns='urn:xmpp:rayo:1'/>", "result")
    for one, other in ((a, b), (b, a), (a, c), (c, a)):
        play.expect(told(one, "unjoined", other))


def test_the_join_to_be_unjoined_does_not_exist(play):
    (_, a), (_, b) = play.calls(2)
    play.command(a, UNJOIN.format(NOBODY), error("cancel", "service-unavailable"))
    play.command(a, UNJOIN.format(b), error("cancel", "service-unavailable"))


def test_client_joins_in_receive_only_mode_and_then_upgrades_the_join(play):
    (one, a), (two, b) = play.calls(2)
    one.media.play(signals.tone(430, 20)), two.media.play(signals.tone(910, 20))
    play.command(a, f"<join xmlns='urn:xmpp:rayo:1' call-uri='xmpp:{b}' direction='recv'/>", "result")
    play.expect(told(a, "joined", b)), play.expect(told(b, "joined", a))
    one.media.listen(0.4)
    one.media.listen(0.5).check([910], [430])
    two.media.hearing(one.media.heard[-1].arrival - 0.5).check([], [430, 910])
    play.command(a, f"<join xmlns='urn:xmpp:rayo:1' call-uri='xmpp:{b}' direction='duplex'/>", "result")
    two.media.listen(0.4)
    two.media.listen(0.5).check([430], [910])
    play.juliet.expect_nothing(lambda s: s.first is not None and s.first.tag.endswith("}joined"))


def test_the_requested_joins_cannot_be_created_in_parallel(play):
    """Here only where the first join is direct: bridged ones all can be."""
    (_, a), (_, b), (_, c) = play.calls(3)
    play.command(a, f"<join xmlns='urn:xmpp:rayo:1' call-uri='xmpp:{b}' media='direct'/>", "result")
    play.expect(told(a, "joined", b)), play.expect(told(b, "joined", a))
    play.command(a, JOIN.format(c), error("cancel", "conflict"))


# ---- 6.4 ----

def join_mixer(play, call):
    """The example's command; the mixer's JID."""
    reply = play.command(call, "<join xmlns='urn:xmpp:rayo:1' mixer-name='myMixer'/>")
    mixer = ref_of(reply)
    assert mixer.lower() in ("mymixer@shakespeare.lit", "mymixer@mixer.shakespeare.lit")
    return mixer, reply


def test_client_instructs_a_call_to_join_a_mixer(play):
    """Presence of the mixer with caps, then the answer with its reference, then joined of the call, of the mixer."""
    _, a = play.call()
    before = len(play.juliet.received)
    mixer, reply = join_mixer(play, a)
    presence = play.juliet.expect(lambda s: s.name == "presence" and s.get("from") == mixer and s.find(
        "{http://jabber.org/protocol/caps}c") is not None, "presence of the mixer")
    caps = presence.find("{http://jabber.org/protocol/caps}c")
    assert (caps.get("hash"), caps.get("node")) == ("sha-1", "urn:xmpp:rayo:mixer:1") and presence.get("type") is None
    play.expect(f"<presence from='{a}' to='{JULIET}'><joined xmlns='urn:xmpp:rayo:1' mixer-name='myMixer'/></presence>")
    play.expect(told(mixer, "joined", a))
    came = [s for s in play.juliet.received[before:] if s.get("from") in (a, mixer)]
    assert [(s.name, s.get("from")) for s in came] == [("presence", mixer), ("iq", a), ("presence", a),
                                                       ("presence", mixer)]


def test_client_renders_output_to_a_mixer(play):
    caller, a = play.call()
    mixer, _ = join_mixer(play, a)
    component = ref_of(play.command(mixer, """<output xmlns='urn:xmpp:rayo:output:1'>
 <document content-type='text/plain'>
 Thanks for calling, goodbye!
 </document>
 </output>"""))
    assert component.startswith(mixer + "/")
    play.expect(f"""<presence from='{component}' to='{JULIET}' type='unavailable'>
 <complete xmlns='urn:xmpp:rayo:ext:1'><finish xmlns='urn:xmpp:rayo:output:complete:1'/></complete></presence>""")
    assert caller.media.hearing(caller.media.heard[-1].arrival - 1).level > -40


def test_mixer_indicates_overlapping_speaking_of_two_calls(play):
    (one, a), (two, b) = play.calls(2)
    mixer, _ = join_mixer(play, a)
    join_mixer(play, b)
    one.media.play(signals.speech("I am the first, and I speak for quite a while about this and that and more."))
    play.expect(told(mixer, "started-speaking", a))
    two.media.play(signals.speech("Me too."))
    play.expect(told(mixer, "started-speaking", b))
    play.expect(told(mixer, "stopped-speaking", b))
    play.expect(told(mixer, "stopped-speaking", a))
    order = [(s.first.tag.split("}")[1].split("-")[0], a if names(s.first, a) else b) for s in play.juliet.received
             if s.name == "presence" and s.first is not None and s.first.tag.endswith("-speaking")]
    assert order[0] == ("started", a) and order[-1] == ("stopped", a)
    assert order.index(("started", b)) < len(order) - 1


def test_a_mixer_is_destroyed_after_the_last_participant_with_unavailable_presence(play):
    _, a = play.call()
    mixer, _ = join_mixer(play, a)
    play.command(a, "<unjoin xmlns='urn:xmpp:rayo:1' mixer-name='myMixer'/>", "result")
    play.expect(told(mixer, "unjoined", a))
    gone = play.juliet.expect_gone(mixer)
    assert gone.get("to") == JULIET
    play.command(mixer, "<output xmlns='urn:xmpp:rayo:output:1'><document content-type='text/plain'>Hi</document>"
                        "</output>", error("cancel", "item-not-found"))
    assert play.juliet.pending(lambda s: s.first is not None and s.first.tag == RAYO + "end") == []


def test_presence_subscriptions_of_the_same_zone_are_permitted_and_those_of_others_are_not(play):
    """Romeo subscribes to Juliet's mixer and learns nothing, not even that there is one."""
    _, a = play.call()
    mixer, _ = join_mixer(play, a)
    courtyard = play.enter("courtyard", register=False)
    romeo = play.enter("orchard", user="romeo", register=False)
    for client in (courtyard, romeo):
        client.send_raw(f"<presence type='subscribe' to='{mixer}'/>")
    courtyard.expect(lambda s: s.name == "presence" and s.get("from") == mixer and s.get("type") is None, "the mixer")
    play.command(a, "<unjoin xmlns='urn:xmpp:rayo:1' mixer-name='myMixer'/>", "result")
    courtyard.expect_unjoined(mixer, a)
    courtyard.expect_gone(mixer)
    romeo.expect_nothing(lambda s: s.name == "presence" and s.get("type") != "error"
                         and s.get("type") != "unsubscribed" and (s.get("from") or "").startswith("my"))
