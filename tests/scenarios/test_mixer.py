"""Conferences (XEP-0327 §6.4): a mixer's life, who hears whom in it, who is speaking, and that zones do not meet."""

import os
import time

import pytest

from support import audio, signals
from support.call import check_file, end_reason
from support.parties import SETTLE, check_apart, check_arrival, check_conference, check_heard, parties, slow_marks, story
from support.rayo import CAPS
from support.rayo_verbs import join_xml

NOBODY = "<output xmlns='urn:xmpp:rayo:output:1'><document content-type='text/plain'>Hi</document></output>"


def conference(client, members, name="room", **options):
    """All of them joined, each event seen; the mixer's JID."""
    jids = {client.joined(one.jid, mixer=name, **options) for one in members}
    assert len(jids) == 1, jids
    return jids.pop()


# ---- its life ----

def test_the_first_join_makes_a_mixer_and_the_last_unjoin_ends_it(bench):
    """Presence with caps once, to whoever has a call in it; joined and unjoined of the mixer for each; unavailable."""
    client = bench.client()
    a, b = parties(bench, client, 2)
    mixer = client.join(a.jid, mixer="room")
    first = client.expect(lambda s: s.name == "presence" and s.get("from") == mixer and s.get("type") is None
                          and s.find(CAPS + "c") is not None, "the mixer's presence")
    assert first.find(CAPS + "c").get("node") == "urn:xmpp:rayo:mixer:1"
    client.expect_joined(a.jid, mixer="room"), client.expect_joined(mixer, a.jid)
    assert client.joined(b.jid, mixer="room") == mixer
    client.expect_nothing(lambda s: s.get("from") == mixer)
    client.unjoined(a.jid, mixer="room", mixer_jid=mixer)
    client.expect_nothing(lambda s: s.get("from") == mixer)
    client.unjoin(b.jid)  # without naming it
    client.expect_unjoined(b.jid, mixer="room"), client.expect_unjoined(mixer, b.jid)
    client.expect_gone(mixer)
    client.refused(mixer, NOBODY, "cancel", "item-not-found")
    assert client.join(a.jid, mixer="room") == mixer
    client.expect_joined(a.jid, mixer="room")


def test_a_party_that_hangs_up_leaves_and_the_last_one_ends_the_mixer(bench):
    client = bench.client()
    a, b = parties(bench, client, 2)
    mixer = conference(client, [a, b])
    a.leg.bye()
    client.expect_unjoined(a.jid, mixer="room"), client.expect_unjoined(mixer, a.jid)
    client.expect_end(a.jid)
    client.hangup(b.jid)
    client.expect_unjoined(b.jid, mixer="room"), client.expect_unjoined(mixer, b.jid)
    client.expect_gone(mixer)
    assert end_reason(client.expect_end(b.jid))[0] == "hangup"


@pytest.mark.parametrize("name", ["room", "Room-42", "über", "a.b_c+d!", "x" * 200])
def test_mixers_have_friendly_names(bench, name):
    """Whatever the name, events carry it as it was given, and commands by the reference reach the mixer."""
    client = bench.client()
    a, b = parties(bench, client, 2)
    mixer = conference(client, [a, b], name)
    component = client.record(mixer, "format='wav' start-beep='false' max-duration='500'")
    assert check_file(client.expect_complete(component)).samples > 0
    client.unjoined(a.jid, mixer=name, mixer_jid=mixer)
    check_apart([a, b])


@pytest.mark.parametrize("name", ["room@localhost", "a/b", "", " ", "Room 42", "a&b<c>'\"", "x" * 1100])
def test_names_that_cannot_be_addresses_are_refused(bench, name):
    client = bench.client()
    a, = parties(bench, client, 1, speak=False)
    client.refused(a.jid, join_xml(mixer=name), "modify", "bad-request")


def test_old_addresses_of_mixers_are_aliases(bench):
    """Clients of 2011-2013 say name@mixer.domain and name@mixers.domain."""
    client = bench.client()
    a, = parties(bench, client, 1)
    conference(client, [a])
    for domain in ("localhost", "mixer.localhost", "mixers.localhost"):
        reply = client.ask(f"room@{domain}", "<record xmlns='urn:xmpp:rayo:record:1' start-beep='false' "
                                             "max-duration='300'/>")
        client.expect_complete(reply.first.get("uri")[5:])


def test_disco_says_that_it_is_a_mixer(bench):
    client = bench.client()
    a, = parties(bench, client, 1)
    mixer = conference(client, [a])
    reply = client.command(mixer, "<query xmlns='http://jabber.org/protocol/disco#info'/>", "get")
    features = [f.get("var") for f in reply.element.iter("{http://jabber.org/protocol/disco#info}feature")]
    assert reply.get("type") == "result" and any("rayo:mixer:1" in f for f in features), reply


@pytest.mark.parametrize("verb", ["answer", "hangup", "reject", "accept", "hold", "mute", "dtmf"])
def test_what_only_calls_can_do_is_refused(bench, verb):
    client = bench.client()
    a, = parties(bench, client, 1, speak=False)
    mixer = conference(client, [a])
    client.refused(mixer, f"<{verb} xmlns='urn:xmpp:rayo:1'/>", "cancel", "feature-not-implemented")


# ---- who hears whom ----

@pytest.mark.parametrize("codecs", [("PCMU",), ("PCMU", "PCMA", "GSM", "G722", "OPUS", "L16/48000")],
                         ids=["one codec", "six codecs"])
def test_each_hears_all_the_others_and_not_itself(bench, codecs):
    client = bench.client()
    members = parties(bench, client, 6, codecs, dialled=2)
    check_apart(members)
    conference(client, members)
    for heard in check_conference(members):
        assert heard.gaps(-40) == [], "the sound breaks off"


def test_members_come_and_go_and_the_others_hear_it(bench):
    client = bench.client()
    a, b, c, d = parties(bench, client, 4)
    mixer = conference(client, [a, b])
    check_heard([(a, [b]), (b, [a]), (c, []), (d, [])])
    client.joined(c.jid, mixer="room"), client.joined(d.jid, mixer="room")
    check_conference([a, b, c, d])
    client.unjoined(a.jid, mixer="room", mixer_jid=mixer)
    check_heard([(a, []), (b, [c, d]), (c, [b, d]), (d, [b, c])])


def test_the_direction_of_a_member_decides_whether_it_hears_and_is_heard(bench):
    """A speaks and hears, B only listens (recv), C only speaks (send); then B's join is changed, without an event."""
    client = bench.client()
    a, b, c = parties(bench, client, 3)
    conference(client, [a])
    client.joined(b.jid, mixer="room", direction="recv")
    client.joined(c.jid, mixer="room", direction="send")
    check_heard([(a, [c]), (b, [a, c]), (c, [])])
    client.join(b.jid, mixer="room", direction="duplex")
    check_heard([(a, [b, c]), (b, [a, c]), (c, [])])
    client.expect_nothing(lambda s: s.first is not None and s.first.tag.endswith("}joined"))


def test_a_call_may_be_in_two_conferences_and_joined_to_a_call(bench):
    client = bench.client()
    a, b, c, d = parties(bench, client, 4)
    conference(client, [a, b], "one"), conference(client, [a, c], "two")
    client.joined(a.jid, d.jid)
    check_heard([(a, [b, c, d]), (b, [a]), (c, [a]), (d, [a])])


def test_a_sum_of_loud_voices_is_limited_without_clipping(bench):
    """Five parties at -9 dBFS each: what is heard is below full scale, and has no harmonics worth mentioning."""
    client = bench.client()
    members = parties(bench, client, 6, ("L16/16000",), speak=False)
    for one in members[1:]:
        one.speak(dbfs=-9.0)
    conference(client, members)
    time.sleep(SETTLE)
    heard = members[0].media.listen(1, rate=16000)
    assert max(abs(int(heard.pcm.min())), int(heard.pcm.max())) < 32767
    heard.check(hears=[one.tone for one in members[1:]])
    there = sum(10 ** (heard.tone(one.tone) / 10) for one in members[1:])
    total = 10 ** (heard.level / 10)
    assert (total - there) / total < 0.02, "more than 2 % of what is heard is distortion"


def test_what_is_wide_stays_wide_between_those_who_can_hear_it(bench):
    """6 kHz from an Opus phone: heard by Opus and by L16 at 16 kHz, not by PCMU."""
    client = bench.client()
    speaker, wide, narrow, opus = parties(bench, client, 4, ("OPUS", "L16/16000", "PCMU", "OPUS"), speak=False)
    conference(client, [speaker, wide, narrow, opus])
    speaker.media.play(signals.tone(6000, 10, rate=48000), 48000)
    time.sleep(SETTLE)
    begin = time.monotonic()
    assert narrow.media.listen(0.7).is_silent(-50)
    for one in (wide, opus):
        assert one.media.hearing(begin, begin + 0.7, 16000).tone(6000) > -30


def test_what_is_said_in_a_conference_arrives_whole_and_soon(bench):
    client = bench.client()
    a, b, c = parties(bench, client, 3, ("PCMU", "G722", "OPUS"), speak=False)
    conference(client, [a, b, c])
    time.sleep(SETTLE)
    check_arrival(a, [b, c])


# ---- who is speaking ----

def test_who_speaks_is_told_when_it_begins_and_ceases(bench):
    """A speaks, then B, then both cease; each once, in that order, and nothing of C, who makes a little noise."""
    client = bench.client()
    a, b, c = parties(bench, client, 3, speak=False)
    mixer = conference(client, [a, b, c])
    c.media.play(signals.noise(20, -60))
    client.expect_nothing(client.is_event_of(mixer, "started-speaking"))
    words = signals.speech("One two three four five six seven eight nine ten eleven twelve.")
    begin = time.monotonic()
    a.media.play(words)
    client.expect_speaking(mixer, a.jid)
    assert time.monotonic() - begin < 1.0
    b.media.play(words)
    client.expect_speaking(mixer, b.jid)
    client.expect_speaking(mixer, a.jid, False), client.expect_speaking(mixer, b.jid, False)
    assert time.monotonic() - begin > len(words) / 8000
    assert [s for s in client.received if s.first is not None and "speaking" in s.first.tag
            and c.jid.split("@")[0] == s.first.get("call-id")] == []


def test_who_leaves_while_speaking_has_ceased_to_speak(bench):
    client = bench.client()
    a, b = parties(bench, client, 2, speak=False)
    mixer = conference(client, [a, b])
    a.media.play(signals.speech(" ".join(["one two three four five"] * 8)))
    client.expect_speaking(mixer, a.jid)
    client.unjoin(a.jid, mixer="room")
    client.expect_speaking(mixer, a.jid, False)
    client.expect_unjoined(mixer, a.jid)


# ---- security zones: the XMPP account ----

def test_names_of_two_accounts_do_not_collide(bench):
    """Both have a room: two mixers, and nobody hears, sees or can touch the other's."""
    one = bench.client()
    two = bench.client("1", user="other", password="secret2", register=False)
    a, b = parties(bench, one, 2)
    c, d = parties(bench, two, 2, dialled=2, first=2)
    room = conference(one, [a, b])
    assert two.join(c.jid, mixer="room") == room  # to each it is the same address
    two.expect_joined(c.jid, mixer="room"), two.expect_joined(room, c.jid)
    two.joined(d.jid, mixer="room")
    check_heard([(a, [b]), (b, [a]), (c, [d]), (d, [c])])
    one.expect_nothing(lambda s: s.get("from") == room and s.first is not None
                       and s.first.get("call-id") in (c.jid.split("@")[0], d.jid.split("@")[0]))
    two.expect_nothing(lambda s: s.get("from") == room and s.first is not None
                       and s.first.get("call-id") in (a.jid.split("@")[0], b.jid.split("@")[0]))
    component = one.record(room, "format='wav' start-beep='false' max-duration='900'")
    heard = check_file(one.expect_complete(component)).mono[1600:]
    assert audio.tone_level(heard, a.tone) > -45 > audio.tone_level(heard, c.tone)
    two.refused(component, "<stop xmlns='urn:xmpp:rayo:ext:1'/>", "cancel", "item-not-found")
    for party in (a, b):
        one.unjoin(party.jid, mixer="room")
    one.expect_gone(room)
    two.expect_nothing(lambda s: s.get("from") == room and s.get("type") == "unavailable")
    check_heard([(c, [d]), (d, [c])])


def test_a_mixer_of_another_account_is_as_if_it_were_not(bench):
    """Commands, disco and probes get what they get for a name that nobody uses, so existence cannot be told."""
    one = bench.client()
    two = bench.client("1", user="other", password="secret2", register=False)
    a, = parties(bench, one, 1)
    room = conference(one, [a])
    nothing = room.replace("room", "nothing")
    for payload, type_ in ((NOBODY, "set"), ("<record xmlns='urn:xmpp:rayo:record:1'/>", "set"),
                           ("<query xmlns='http://jabber.org/protocol/disco#info'/>", "get")):
        there, not_there = two.command(room, payload, type_), two.command(nothing, payload, type_)
        assert there.get("type") == not_there.get("type") == "error", there
        assert there.condition[:2] == not_there.condition[:2]
    for type_ in ("subscribe", "probe"):
        two.send_raw(f"<presence to='{room}' type='{type_}'/>")
        two.sync()
    time.sleep(0.2)
    two.expect_nothing(lambda s: s.name == "presence" and s.get("from") == room and s.get("type") in (None, "subscribed"))


def test_another_client_of_the_account_commands_and_watches_the_mixer(bench):
    """It is told once it has subscribed, and no more after it has unsubscribed."""
    one, two = bench.client("1"), bench.client("2")
    a, b = parties(bench, one, 2)
    room = conference(one, [a])
    two.send_raw(f"<presence to='{room}' type='subscribe'/>")
    two.expect(lambda s: s.name == "presence" and s.get("from") == room and s.get("type") is None, "the mixer")
    one.join(b.jid, mixer="room")
    two.expect_joined(room, b.jid)
    component = two.record(room, "format='wav' start-beep='false' max-duration='400'")
    two.expect_complete(component)
    two.send_raw(f"<presence to='{room}' type='unsubscribe'/>")
    two.sync()
    one.unjoin(b.jid)
    one.expect_unjoined(room, b.jid)
    two.expect_nothing(lambda s: s.get("from") == room and s.first is not None and "unjoined" in s.first.tag)


# ---- much coming and going ----

def coming_and_going(bench, count):
    """Two stay, eight come and go, while all is recorded and noise is said; what is recorded has no hole."""
    client, source = bench.client(), slow_marks(60)
    stayer, speaker, *others = parties(bench, client, 10, ("PCMU", "G722", "OPUS"), speak=False)
    room = conference(client, [stayer, speaker])
    component = client.record(room, "format='wav' start-beep='false' mix='true'", "")
    speaker.media.play(source)
    for number in range(count):
        one = others[number % len(others)]
        client.join(one.jid, mixer="room")
        client.unjoin(one.jid, mixer="room")
    joined = [s for s in client.received if s.get("from") == room and s.first is not None
              and s.first.tag.endswith("}joined")]
    client.sync()
    assert len([s for s in client.received if s.get("from") == room and s.first is not None
                and s.first.tag.endswith("}joined")]) == count + 2, len(joined)
    for one in others:
        client.join(one.jid, mixer="room")
    time.sleep(SETTLE)
    client.stop(component)
    sound = check_file(client.expect_complete(component))
    pcm = signals.resample(sound.mono, sound.rate, 8000)
    pieces = story(pcm, source)
    assert sum(p[2] for p in pieces) > len(pcm) / 8000 - 0.6, pieces
    assert bench.server.is_alive()


def test_a_hundred_joins_and_leaves_while_recording_leave_no_hole(bench):
    coming_and_going(bench, 100)


@pytest.mark.skipif(not os.environ.get("TELEGRAPHONE_SLOW"), reason="slow: set TELEGRAPHONE_SLOW=1")
def test_a_thousand_joins_and_leaves_while_recording_leave_no_hole(bench):
    coming_and_going(bench, 1000)
