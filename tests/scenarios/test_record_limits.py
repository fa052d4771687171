"""max-duration, initial-timeout, final-timeout: judged in samples of recorded audio; and each dialect's word for them."""

import pytest

from support import audio, signals
from support.call import check_file, end_reason
from support.server import Server

RECORD = "{urn:xmpp:rayo:record:complete:1}"
CORE = "{urn:xmpp:rayo:ext:complete:1}"


@pytest.mark.parametrize("milliseconds", [20, 999, 2500])
def test_max_duration_gives_exactly_that_many_milliseconds(bench, milliseconds):
    """Two recordings at once, wav and mp3: both decode to exactly rate x ms / 1000 samples."""
    client = bench.client()
    _, jid = bench.answered(client, play=signals.marks(5))
    components = [client.record(jid, f"format='{f}' max-duration='{milliseconds}'") for f in ("wav", "mp3")]
    for component in components:
        done = client.expect_complete(component)
        sound = check_file(done)
        assert done.duration == milliseconds
        assert sound.samples == 8 * milliseconds
        assert done.reason.tag == RECORD + "success"


QUIET = {
    "digital silence": lambda: signals.silence(8),
    "line noise": lambda: signals.noise(8, -45),
    "loud line noise": lambda: signals.noise(8, -36),
    "mains hum": lambda: signals.hum(8, -40),
}


def test_initial_timeout_fires_on_silence_line_noise_and_hum_at_exactly_its_length(bench):
    """Four callers say nothing, each over another noise; client receives <error/> with a text and 1500 ms for each."""
    client = bench.client()
    running = {}
    for name, make in QUIET.items():
        _, jid = bench.answered(client, play=make())
        running[name] = client.record(jid, "format='wav' start-beep='false' initial-timeout='1500'")
    for name, component in running.items():
        done = client.expect_complete(component)
        assert done.reason.tag == CORE + "error" and done.reason.text.strip(), name
        assert check_file(done).samples == 12000, name


SOUND = {
    "speech": lambda: signals.join(signals.silence(0.7), signals.speech(), signals.silence(10)),
    "quiet speech": lambda: signals.join(signals.silence(0.7), signals.speech(dbfs=-32), signals.silence(10)),
    "speech over line noise": lambda: signals.join(signals.silence(0.7), signals.speech(),
                                                   signals.silence(7)) + signals.noise(
        0.7 + 7 + len(signals.speech()) / signals.RATE, -42)[: signals.samples(0.7) + len(signals.speech()) + signals.samples(7)],
    "music": lambda: signals.join(signals.silence(0.7), signals.music(3), signals.silence(10)),
}


def test_final_timeout_fires_that_long_after_the_last_sound_and_not_in_between(bench):
    """Callers speak or play music for three seconds; initial-timeout 2000 does not fire, final-timeout 1200 ends the
    recording 1200 ms after the sound; client receives <success/>."""
    client = bench.client()
    running = {}
    for name, make in SOUND.items():
        sound = make()
        length = 3 if name == "music" else len(signals.speech()) / signals.RATE
        _, jid = bench.answered(client, play=sound)
        running[name] = (client.record(jid, "format='wav' start-beep='false' initial-timeout='2000' final-timeout='1200'"), length)
    for name, (component, length) in running.items():
        done = client.expect_complete(component)
        assert done.reason.tag == RECORD + "success", (name, done.stanza)
        check_file(done)
        expected = 0.7 + length + 1.2
        assert expected - 0.75 <= done.duration / 1000 <= expected + 0.3, (name, done.duration, expected)


def test_a_caller_who_only_breathes_between_words_is_not_cut_off(bench):
    """Pauses of 400 ms between sentences, final-timeout 900: one recording with all of it."""
    client = bench.client()
    words = signals.join(*[signals.join(signals.speech(t), signals.silence(0.4))
                           for t in ("One two.", "Three four.", "Five.")])
    _, jid = bench.answered(client, play=signals.join(signals.silence(0.3), words, signals.silence(6)))
    component = client.record(jid, "format='wav' start-beep='false' final-timeout='900'")
    done = client.expect_complete(component)
    check_file(done)
    assert done.duration >= 1000 * (0.3 + len(words) / signals.RATE - 0.4) + 500


def test_final_timeout_alone_waits_for_the_first_word_for_ever(bench):
    client = bench.client()
    phone, jid = bench.answered(client)
    component = client.record(jid, "start-beep='false' final-timeout='400'")
    phone.media.wait_position(signals.samples(1.5))
    client.expect_nothing(lambda s: s.name == "presence")
    phone.media.play(signals.speech("Hello."))
    assert client.expect_complete(component).reason.tag == RECORD + "success"


@pytest.mark.parametrize("value", ["none", "-1"])
def test_none_and_minus_one_mean_no_limit(bench, value):
    client = bench.client()
    phone, jid = bench.answered(client)
    component = client.record(jid, f"start-beep='0' max-duration='{value}' initial-timeout='{value}' final-timeout='{value}'")
    phone.media.wait_position(signals.samples(1.2))
    client.expect_nothing(lambda s: s.name == "presence")
    client.stop(component)
    assert client.expect_complete(component).reason_name == "stop"


DIALECTS = {
    "xep-0327": dict(max=RECORD + "max-duration", initial=RECORD + "initial-timeout", final=RECORD + "final-timeout",
                     type="unavailable", ends=("hungup", "hangup-command"), suffix=".wav", beeps=0, channels=2),
    "rayo-2011": dict(max=RECORD + "success", initial=CORE + "error", final=RECORD + "success",
                      type=None, ends=("hangup", "hangup"), suffix=".mp3", beeps=1, channels=1),
    "rayo-server-2013": dict(max=RECORD + "timeout", initial=RECORD + "ini_timeout", final=CORE + "stop",
                             type=None, ends=("hangup", "hangup"), suffix=".wav", beeps=0, channels=1),
}


@pytest.fixture(scope="module")
def polyglot(tmp_path_factory):
    """A server with an account for each dialect."""
    one = Server(tmp_path_factory.mktemp("dialects"), xmpp={"account": [
        {"name": "app", "password": "secret"},
        *({"name": name, "password": "secret", "dialect": name} for name in DIALECTS)]})
    yield one
    one.stop()


@pytest.fixture
def dialects(bench, polyglot):
    bench._own = polyglot
    bench.servers.append(polyglot)
    return bench


def speak_dialect(bench, client, says):
    """Three recordings for the three reasons, one with the defaults, the call ended by the caller, another by the client."""
    phone, jid = bench.answered(client, play=signals.join(signals.silence(0.3), signals.speech("Hello."),
                                                          signals.silence(9)))
    longest = client.record(jid, "start-beep='false' max-duration='500'")
    final = client.record(jid, "start-beep='false' final-timeout='400'")
    plain = client.record(jid)
    done = {"max": client.expect_complete(longest), "final": client.expect_complete(final)}
    initial = client.record(jid, "start-beep='false' initial-timeout='500'")
    done["initial"] = client.expect_complete(initial)
    client.stop(plain)
    done["stop"] = client.expect_complete(plain)
    assert {k: d.reason.tag for k, d in done.items()} == {
        "max": says["max"], "final": says["final"], "initial": says["initial"], "stop": CORE + "stop"}
    for one in done.values():
        assert one.stanza.get("type") == says["type"], one.stanza
        assert one.recording is not None, one.stanza
    assert done["stop"].path.suffix == says["suffix"]
    assert check_file(done["stop"]).channels == says["channels"]
    assert len(audio.tone_spans(phone.media.heard_pcm(), 1000)) == says["beeps"]
    last = client.record(jid)
    phone.bye()
    assert client.expect_complete(last).reason.tag == CORE + "hangup"
    assert end_reason(client.expect_end(jid))[0] == says["ends"][0]
    _, jid = bench.answered(client)
    client.hangup(jid)
    assert end_reason(client.expect_end(jid))[0] == says["ends"][1]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_dialect_has_its_own_words_and_defaults(dialects, dialect):
    speak_dialect(dialects, dialects.client(user=dialect), DIALECTS[dialect])


def test_a_client_whose_caps_say_rayo_client_1_gets_xep_0327(dialects):
    speak_dialect(dialects, dialects.client(caps=True), DIALECTS["xep-0327"])


def test_a_client_that_says_nothing_gets_the_dialect_of_record_api_txt(dialects):
    speak_dialect(dialects, dialects.client(), DIALECTS["rayo-2011"])


def test_the_servers_dialect_can_be_configured(bench):
    bench.start_server(rayo={"dialect": "xep-0327"})
    speak_dialect(bench, bench.client(), DIALECTS["xep-0327"])


def test_what_an_account_says_goes_before_what_its_caps_say(dialects):
    client = dialects.client(user="rayo-2011", caps=True)
    _, jid = dialects.answered(client)
    component = client.record(jid, "max-duration='100'")
    assert client.expect_complete(component).reason.tag == RECORD + "success"


def test_the_2013_default_direction_is_send_unless_duplex_is_true(dialects):
    """Both make one channel; what is asked for as direction='duplex' mix='false' in any dialect makes two."""
    client = dialects.client(user="rayo-server-2013")
    _, jid = dialects.answered(client)
    components = [client.record(jid, f"{wish} max-duration='300'")
                  for wish in ("", "duplex='true'", "direction='duplex' mix='false'")]
    assert [check_file(client.expect_complete(c)).channels for c in components] == [1, 1, 2]
