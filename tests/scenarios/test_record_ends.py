"""How recordings end, and who may command them: exactly one complete, before the call's end, and it tells the truth."""

import signal

import pytest

from support import audio, signals
from support.call import check_file, end_reason
from support.rayo import EXT, RAYO, Complete

CORE = "{urn:xmpp:rayo:ext:complete:1}"


def presences(client, *tags):
    return [s for s in client.received if s.name == "presence" and s.first is not None and s.first.tag in tags]


def test_the_ref_comes_first_then_the_acknowledgement_of_stop_then_one_complete_then_the_end(bench):
    client = bench.client()
    phone, jid = bench.answered(client, play=signals.marks(5))
    component = client.record(jid)
    phone.media.wait_position(signals.samples(0.7))
    acknowledged = client.stop(component)
    done = client.expect_complete(component)
    client.hangup(jid)
    end = client.expect_end(jid)
    client.sync()
    ref = next(s for s in client.received if s.first is not None and s.first.tag == RAYO + "ref")
    assert ref.number < acknowledged.number < done.stanza.number < end.number
    assert len(presences(client, EXT + "complete")) == 1
    assert done.stanza.number == presences(client, EXT + "complete")[0].number


@pytest.mark.parametrize("who", ["caller", "client"])
def test_whoever_hangs_up_each_recording_completes_with_hangup_before_the_end(bench, who):
    client = bench.client()
    source = signals.marks(8)
    phone, jid = bench.answered(client, play=source)
    components = [client.record(jid, f"start-beep='false' {wish}")
                  for wish in ("", "format='wav'", "start-paused='true'")]
    phone.media.wait_position(signals.samples(1.5))
    ended = phone.media.now / signals.RATE
    if who == "caller":
        assert phone.bye().status == 200
    else:
        client.hangup(jid)
        phone.wait_ended()
    done = [client.expect_complete(c) for c in components]
    end = client.expect_end(jid)
    for one in done:
        assert one.reason.tag == CORE + "hangup"
        assert one.stanza.number < end.number
    for one in done[:2]:
        (_, begun, length), = audio.story(check_file(one).mono, source)
        assert begun + length >= ended - 0.15, "the last words before the hangup are missing"
        assert begun + length <= ended + 1, "it outlives its call"
    client.sync()
    assert len(presences(client, EXT + "complete")) == 3 and len(presences(client, RAYO + "end")) == 1
    assert client.pending(lambda s: s.number > end.number and s.name == "presence") == []


def test_a_caller_who_vanishes_is_hung_up_with_timeout_and_the_recording_is_whole(bench):
    """The phone stops sending and answers nothing; after [rtp] timeout: complete (hangup), end (timeout)."""
    bench.start_server(rtp={"timeout": "2s"})
    client = bench.client()
    source = signals.marks(5)
    phone, jid = bench.answered(client, play=source)
    component = client.record(jid, "start-beep='false'")
    phone.media.wait_position(signals.samples(1))
    phone.vanish()
    done = client.expect_complete(component)
    assert done.reason.tag == CORE + "hangup"
    assert audio.story(check_file(done).mono, source)[0][2] > 0.7
    end = client.expect_end(jid)
    assert end_reason(end)[0] == "timeout"
    assert done.stanza.number < end.number


def test_a_held_caller_may_be_silent_for_longer_than_the_timeout(bench):
    bench.start_server(rtp={"timeout": "1s"})
    client = bench.client()
    phone, jid = bench.answered(client, play=signals.marks(20))
    assert phone.reinvite(direction="inactive").status == 200
    phone.media.hush()
    phone.media.wait_position(phone.media.position + signals.samples(2.5))
    client.expect_nothing(lambda s: s.name == "presence")
    phone.media.speak_on()
    assert phone.reinvite(direction="sendrecv").status == 200
    client.hangup(jid)


def test_sigterm_finishes_and_reports_running_recordings_and_ends_with_0(bench):
    """Caller speaks, two recordings run (one paused); SIGTERM; client receives both completes and the end; the caller
    gets BYE; the files are whole; status 0."""
    server = bench.start_server()
    client = bench.client()
    phone, jid = bench.answered(client, play=signals.marks(20))
    components = [client.record(jid, "start-beep='false'"), client.record(jid, "format='wav' start-beep='false'")]
    phone.media.wait_position(signals.samples(1.2))
    client.pause(components[1])
    server.signal(signal.SIGTERM)
    done = [client.expect_complete(c) for c in components]
    end = client.expect_end(jid)
    assert all(d.stanza.number < end.number for d in done)
    phone.wait_ended()
    assert server.wait() == 0
    for one in done:
        check_file(one)
    assert server.spooled_files() == []


def test_several_recordings_of_one_call_do_not_know_of_each_other(bench):
    """One is paused, one is stopped, one reaches its maximum, one goes on: each holds what it should."""
    client = bench.client()
    source = signals.marks(10)
    phone, jid = bench.answered(client, play=source)
    paused, stopped, limited, whole = (client.record(jid, f"format='wav' start-beep='false' {w}")
                                       for w in ("", "", "max-duration='1200'", "mix='false'"))
    phone.media.wait_position(signals.samples(0.8))
    client.pause(paused)
    client.stop(stopped)
    short = check_file(client.expect_complete(stopped))
    assert check_file(client.expect_complete(limited)).samples == 9600
    phone.media.wait_position(signals.samples(1.8))
    client.resume(paused)
    phone.media.wait_position(phone.media.position + signals.samples(0.7))  # however late it is by now
    client.stop(paused)
    cut = check_file(client.expect_complete(paused))
    client.stop(whole)
    full = check_file(client.expect_complete(whole))
    assert len(audio.story(cut.mono, source)) == 2
    (_, _, length), = audio.story(full.pcm[0], source)
    assert length > 2 and full.seconds > cut.seconds > short.seconds


@pytest.mark.parametrize("who", [dict(resource="2"), dict(resource="1", user="other", password="secret2")])
def test_another_client_gets_conflict_for_each_command_and_changes_nothing(bench, who):
    """The other client (another resource, another account) commands the call and the component: conflict (cancel)."""
    client = bench.client("1")
    phone, jid = bench.answered(client, play=signals.marks(10))
    component = client.record(jid, "start-beep='false'")
    other = bench.client(**who)
    for payload in ("<answer xmlns='urn:xmpp:rayo:1'/>", "<hangup xmlns='urn:xmpp:rayo:1'/>",
                    "<record xmlns='urn:xmpp:rayo:record:1'/>"):
        other.refused(jid, payload, "cancel", "conflict")
    for payload in ("<pause xmlns='urn:xmpp:rayo:record:1'/>", "<resume xmlns='urn:xmpp:rayo:record:1'/>",
                    "<stop xmlns='urn:xmpp:rayo:ext:1'/>"):
        other.refused(component, payload, "cancel", "conflict")
    client.expect_nothing(lambda s: s.name == "presence")
    client.stop(component)
    assert client.expect_complete(component).reason.tag == CORE + "stop"
    other.expect_nothing(lambda s: s.first is not None and s.first.tag == EXT + "complete")


COMMANDS = ["<pause xmlns='urn:xmpp:rayo:record:1'/>", "<resume xmlns='urn:xmpp:rayo:record:1'/>",
            "<stop xmlns='urn:xmpp:rayo:ext:1'/>"]


def test_after_completion_and_for_what_never_was_commands_get_item_not_found(bench):
    client = bench.client()
    _, jid = bench.answered(client)
    component = client.record(jid, "max-duration='100'")
    client.expect_complete(component)
    for payload in COMMANDS:
        client.refused(component, payload, "cancel", "item-not-found")
        client.refused(jid + "/nosuchcomponent", payload, "cancel", "item-not-found")
    client.hangup(jid)
    client.expect_end(jid)
    for payload in COMMANDS:
        client.refused(component, payload, "cancel", "item-not-found")
    for payload in ("<record xmlns='urn:xmpp:rayo:record:1'/>", "<answer xmlns='urn:xmpp:rayo:1'/>",
                    "<hangup xmlns='urn:xmpp:rayo:1'/>"):
        client.refused(jid, payload, "cancel", "item-not-found")


@pytest.mark.parametrize("state", ["offered", "accepted"])
def test_recording_before_the_answer_is_refused_where_the_caller_takes_no_early_media(bench, state):
    """Its INVITE made no offer: nothing can be agreed on before the answer."""
    client = bench.client()
    phone, jid = bench.call(client, offer=False)
    if state == "accepted":
        client.accept(jid)
    client.refused(jid, "<record xmlns='urn:xmpp:rayo:record:1'/>", "wait", "unexpected-request")
    assert phone.find_response(status=200) is None, "the call was answered"
    client.answer(jid)
    phone.wait_answered()
    client.stop(client.record(jid))


def test_commands_that_a_record_component_does_not_know_are_not_implemented(bench):
    client = bench.client()
    _, jid = bench.answered(client)
    component = client.record(jid)
    client.refused(component, "<seek xmlns='urn:xmpp:rayo:output:1'/>", "cancel", "feature-not-implemented")
    client.refused(component, "<dance xmlns='urn:xmpp:rayo:record:1'/>", "cancel", "feature-not-implemented")
    client.refused(component, "<pause xmlns='urn:xmpp:rayo:output:1'/>", "cancel", "feature-not-implemented")
    client.stop(component)
    client.expect_complete(component)


def test_a_client_that_goes_away_leaves_the_recording_running_to_the_end_of_the_call(bench):
    """The controlling client's socket drops; the caller hangs up; the file is there, whole."""
    bench.start_server()
    client = bench.client("gone")
    phone, jid = bench.answered(client, play=signals.marks(10))
    component = client.record(jid, "start-beep='false'")
    client.drop()
    phone.media.wait_position(phone.media.position + signals.samples(1))
    phone.bye()
    watcher = bench.client("watcher")
    for _ in range(100):
        files = bench.server.recorded_files()
        if files:
            break
        watcher.sync()
        phone.media.wait_position(phone.media.position + 400)
    assert len(files) == 1 and component.split("/")[1] in files[0].name
    assert audio.read(files[0]).seconds > 0.9


def test_a_recording_that_hears_nothing_for_two_seconds_is_logged(bench):
    bench.start_server()
    client = bench.client()
    phone, jid = bench.answered(client, speaks=False)
    component = client.record(jid, "start-beep='false' max-duration='2600'")
    client.expect_complete(component)
    log = bench.server.log()
    assert any(jid.split("@")[0] in line and ("2 s" in line or "packet" in line)
               for line in log.splitlines()), log[-2000:]


def test_completes_are_events_that_the_parser_of_old_clients_finds(bench):
    """The complete is the FIRST child of its presence; a delay stamp, if any, comes after it; nothing is CDATA."""
    client = bench.client()
    _, jid = bench.answered(client)
    component = client.record(jid, "max-duration='100'")
    done = client.expect_complete(component)
    assert isinstance(done, Complete) and done.stanza.first.tag == EXT + "complete"
    assert "<![CDATA[" not in done.stanza.raw
    assert done.stanza.get("from") == component
