"""The output component (XEP-0327 §6.5.3): what is played, to whom, what commands do to it, how it ends, what is refused."""

import http.server
import threading
import time

import pytest

from support import signals
from support.parties import SETTLE, parties
from support.rayo_verbs import OUTPUT, OUTPUT_COMPLETE, output_xml

EXT_COMPLETE = "{urn:xmpp:rayo:ext:complete:1}"


@pytest.fixture
def sounds(bench):
    """name -> URI of a tone below a folder that may be played from."""
    def make(name, tone=700, seconds=1.0, rate=8000):
        path = bench.server.folder / name
        signals.write_wav(path, signals.resample(signals.tone(tone, seconds), 8000, rate), rate)
        return f"file://{path}"
    return make


@pytest.fixture
def steps(bench):
    """A file of 25 notes of 1 s, each 80 Hz higher than the one before; the first is 400 Hz."""
    path = bench.server.folder / "steps.wav"
    signals.write_wav(path, signals.staircase(25, step=1, first=400, rise=80))
    return f"file://{path}"


def finished(client, component, reason=OUTPUT_COMPLETE + "finish", limit=30):
    complete = client.expect_complete(component, limit)
    assert complete.reason.tag == reason, complete.reason
    return complete


class Site(http.server.ThreadingHTTPServer):
    """Serves `pages`: path -> (content type, headers, bytes); counts requests."""

    def __init__(self):
        self.pages, self.asked = {}, []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append(self.path)
                if self.path not in site.pages:
                    return self.send_error(404)
                kind, headers, body = site.pages[self.path]
                self.send_response(200)
                for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def uri(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


@pytest.fixture
def site():
    one = Site()
    yield one
    one.shutdown()
    one.server_close()


# ---- what is played ----

def test_files_are_played_one_behind_the_other_at_any_rate(bench, sounds):
    """text/uri-list: each is heard for as long as it is, without a gap; finish."""
    client = bench.client(caps=True)
    caller, call = bench.answered(client)
    begin = time.monotonic()
    component = client.output(call, uris=["# two", sounds("a.wav", 500), sounds("b.wav", 900, 1.0, 44100)])
    finished(client, component)
    heard = caller.media.hearing(begin)
    (a, b), = heard.spans(500)
    (c, d), = heard.spans(900)
    assert b - a == pytest.approx(1, abs=0.05) and d - c == pytest.approx(1, abs=0.05)
    assert c - b == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("caps, reason", [(False, "success"), (True, "finish")])
def test_each_generation_hears_of_the_end_as_it_knows_it(bench, sounds, caps, reason):
    client = bench.client(caps=caps)
    _, call = bench.answered(client)
    finished(client, client.output(call, uris=[sounds("a.wav", seconds=0.2)]), OUTPUT_COMPLETE + reason)


@pytest.mark.parametrize("inside", ["<audio src='{uri}'/>", "<speak><audio src='{uri}'/></speak>",
                                    "<document url='{uri}'/>"])
def test_audio_in_the_forms_of_both_generations(bench, sounds, inside):
    client = bench.client()
    caller, call = bench.answered(client)
    begin = time.monotonic()
    component = client.start(call, f"<output xmlns='{OUTPUT}'>{inside.format(uri=sounds('a.wav', 800))}</output>")
    finished(client, component, OUTPUT_COMPLETE + "success")
    caller.media.hearing(begin).check(hears=[800])


@pytest.mark.parametrize("format_", ["wav", "mp3", "flac", "opus", "vorbis"])
def test_a_recording_is_played_back_by_the_uri_that_was_reported(bench, format_):
    """What the caller said is heard again by the caller."""
    client = bench.client()
    caller, call = bench.answered(client)
    caller.media.play(signals.tone(620, 10))
    component = client.record(call, f"format='{format_}' start-beep='false'")
    time.sleep(1.2)
    client.stop(component)
    uri = client.expect_complete(component).uri
    caller.media.hush()
    time.sleep(SETTLE)
    begin = time.monotonic()
    finished(client, client.output(call, uris=[uri]), OUTPUT_COMPLETE + "success")
    (start, end), = caller.media.hearing(begin).spans(620)
    assert end - start == pytest.approx(1.2, abs=0.4)


def test_audio_comes_by_http_and_is_asked_for_once_while_it_is_fresh(bench, site):
    path = bench.server.folder / "tone.wav"
    signals.write_wav(path, signals.tone(750, 0.5))
    site.pages["/tone.wav"] = ("audio/wav", {"Cache-Control": "max-age=600"}, path.read_bytes())
    site.pages["/list"] = ("text/uri-list", {}, f"# list\r\n{site.uri('/tone.wav')}\r\n".encode())
    client = bench.client()
    caller, call = bench.answered(client)
    for page in ("/tone.wav", "/list"):
        begin = time.monotonic()
        component = client.start(call, f"<output xmlns='{OUTPUT}'><document url='{site.uri(page)}'/></output>")
        finished(client, component, OUTPUT_COMPLETE + "success")
        caller.media.hearing(begin).check(hears=[750])
    assert site.asked == ["/tone.wav", "/list"]


def test_it_is_heard_by_the_call_alone(bench, sounds):
    """§6.5.3.1: whisper: not by whom the call is joined to."""
    client = bench.client()
    one, other = parties(bench, client, 2, speak=False)
    client.joined(one.jid, other.jid)
    begin = time.monotonic()
    finished(client, client.output(one.jid, uris=[sounds("a.wav", 800)]), OUTPUT_COMPLETE + "success")
    one.media.hearing(begin).check(hears=[800])
    other.media.hearing(begin).check(misses=[800])


def test_on_a_mixer_it_is_heard_by_all(bench, sounds):
    """§6.5.3.1: announce."""
    client = bench.client()
    members = parties(bench, client, 3, speak=False)
    for member in members:
        mixer = client.joined(member.jid, mixer="room")
    begin = time.monotonic()
    finished(client, client.output(mixer, uris=[sounds("a.wav", 800)]), OUTPUT_COMPLETE + "success")
    for member in members:
        member.media.hearing(begin).check(hears=[800])


# ---- how it is played ----

def test_offset_repeats_and_interval(bench, sounds):
    client = bench.client()
    caller, call = bench.answered(client)
    begin = time.monotonic()
    component = client.output(call, uris=[sounds("a.wav", 800, 0.6)],
                              attributes="start-offset='400' repeat-times='3' repeat-interval='500'")
    finished(client, component, OUTPUT_COMPLETE + "success")
    spans = caller.media.hearing(begin).spans(800)
    lengths = [round(end - start, 2) for start, end in spans]
    assert lengths == pytest.approx([0.2, 0.6, 0.6], abs=0.05), spans
    assert [b[0] - a[1] for a, b in zip(spans, spans[1:])] == pytest.approx([0.5, 0.5], abs=0.05)


def test_max_time_ends_it_whatever_is_still_to_be_played(bench, sounds):
    client = bench.client(caps=True)
    caller, call = bench.answered(client)
    begin = time.monotonic()
    component = client.output(call, uris=[sounds("a.wav", 800)], attributes="repeat-times='0' max-time='1500'")
    finished(client, component, OUTPUT_COMPLETE + "max-time")
    assert time.monotonic() - begin == pytest.approx(1.5, abs=0.3)
    caller.media.listen(SETTLE)
    assert caller.media.listen(0.4).is_silent()


def test_started_paused_it_waits_for_resume(bench, sounds):
    client = bench.client()
    caller, call = bench.answered(client)
    component = client.output(call, uris=[sounds("a.wav", 800)], attributes="start-paused='true'")
    assert caller.media.listen(0.6).is_silent()
    begin = time.monotonic()
    client.steer(component, "resume")
    finished(client, component, OUTPUT_COMPLETE + "success")
    (start, end), = caller.media.hearing(begin).spans(800)
    assert end - start == pytest.approx(1, abs=0.05)


def test_seek_moves_from_what_is_being_heard(bench, steps):
    client = bench.client()
    caller, call = bench.answered(client)
    component = client.output(call, uris=[steps], attributes="start-offset='2000'")
    caller.media.listen(0.3)
    client.steer(component, "seek", "direction='forward' amount='10000'")
    caller.media.listen(0.2)
    caller.media.listen(0.3).check(hears=[400 + 80 * 12], misses=[400 + 80 * 2])
    client.steer(component, "seek", "direction='back' amount='60000'")
    caller.media.listen(0.2)
    caller.media.listen(0.3).check(hears=[400])
    client.stop(component)
    finished(client, component, EXT_COMPLETE + "stop")


def test_faster_is_sooner_over_at_the_same_pitch(bench, sounds):
    """Five units of 10 %: 3 s in 2."""
    client = bench.client()
    caller, call = bench.answered(client)
    component = client.output(call, uris=[sounds("a.wav", 800, 3.0)], attributes="start-paused='true'")
    for _ in range(5):
        client.steer(component, "speed-up")
    begin = time.monotonic()
    client.steer(component, "resume")
    finished(client, component, OUTPUT_COMPLETE + "success")
    spans = caller.media.hearing(begin).spans(800)
    assert spans[-1][1] - spans[0][0] == pytest.approx(2, abs=0.1), spans


def test_volume_changes_by_3_db(bench, sounds):
    client = bench.client()
    caller, call = bench.answered(client)
    component = client.output(call, uris=[sounds("a.wav", 800, 10.0)])
    caller.media.listen(0.3)
    loud = caller.media.listen(0.4).tone(800)
    client.steer(component, "volume-down")
    client.steer(component, "volume-down")
    caller.media.listen(0.3)
    assert caller.media.listen(0.4).tone(800) == pytest.approx(loud - 6, abs=0.7)
    client.steer(component, "volume-up")
    caller.media.listen(0.3)
    assert caller.media.listen(0.4).tone(800) == pytest.approx(loud - 3, abs=0.7)


# ---- how it ends ----

def test_a_key_ends_an_output_that_may_be_interrupted(bench, sounds):
    client = bench.client()
    caller, call = bench.answered(client)
    deaf = client.output(call, uris=[sounds("b.wav", 500, 3.0)])
    component = client.output(call, uris=[sounds("a.wav", 800, 20.0)], attributes="interrupt-on='dtmf'")
    caller.media.listen(0.3)
    caller.media.press("5")
    finished(client, component, OUTPUT_COMPLETE + "success", limit=5)
    caller.media.listen(0.3)
    caller.media.listen(0.4).check(hears=[500], misses=[800])
    finished(client, deaf, OUTPUT_COMPLETE + "success")


def test_the_calls_end_ends_it(bench, sounds):
    client = bench.client()
    caller, call = bench.answered(client)
    component = client.output(call, uris=[sounds("a.wav", 800, 20.0)])
    caller.bye()
    finished(client, component, EXT_COMPLETE + "hangup")
    client.expect_end(call)


def test_several_outputs_sound_together(bench, sounds):
    client = bench.client()
    caller, call = bench.answered(client)
    both = [client.output(call, uris=[sounds(name, tone, 2.0)]) for name, tone in (("a.wav", 500), ("b.wav", 900))]
    caller.media.listen(0.4)
    caller.media.listen(0.5).check(hears=[500, 900])
    for component in both:
        finished(client, component, OUTPUT_COMPLETE + "success")


# ---- what is refused ----

@pytest.mark.parametrize("uri, kind, condition", [
    ("file:///etc/passwd", "cancel", "not-allowed"),
    ("file:{folder}/../../../../etc/passwd", "cancel", "not-allowed"),
    ("file:{folder}/link.wav", "cancel", "not-allowed"),
    ("file:{folder}/missing.wav", "modify", "not-acceptable"),
    ("file:{folder}/telegraphone.toml", "modify", "not-acceptable"),
    ("http://127.0.0.1:1/a.wav", "cancel", "service-unavailable"),
    ("{site}/missing.wav", "modify", "not-acceptable"),
    ("{site}/page.html", "modify", "not-acceptable"),
    ("ftp://127.0.0.1/a.wav", "modify", "feature-not-implemented"),
    ("a.wav", "modify", "bad-request"),
])
def test_what_cannot_be_played_is_refused_before_anything_is_begun(bench, site, uri, kind, condition):
    site.pages["/page.html"] = ("text/html", {}, b"<html>There is no sound in this page at all</html>")
    link = bench.server.folder / "link.wav"
    if not link.is_symlink():
        link.symlink_to("/etc/passwd")
    client = bench.client()
    _, call = bench.answered(client)
    client.refused(call, output_xml(uris=[uri.format(folder=bench.server.folder, site=site.uri(""))]), kind, condition)


def test_a_voice_or_renderer_that_is_not_there_is_refused(bench):
    client = bench.client()
    _, call = bench.answered(client)
    for attribute in ("voice='nobody'", "renderer='unimrcp'"):
        client.refused(call, output_xml("Hello", attributes=attribute), "modify", "feature-not-implemented")


def test_without_a_speech_engine_text_is_refused_and_files_are_played(bench, tmp_path):
    server = bench.start_server(output={"files": [str(tmp_path)], "tts": []})
    path = tmp_path / "a.wav"
    signals.write_wav(path, signals.tone(800, 0.3))
    client = bench.client()
    _, call = bench.answered(client)
    client.refused(call, output_xml("Hello"), "modify", "feature-not-implemented")
    finished(client, client.output(call, uris=[f"file:{path}"]), OUTPUT_COMPLETE + "success")
    assert server.is_alive()
