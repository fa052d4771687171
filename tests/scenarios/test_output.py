"""What is played to a party (XEP-0327 §6.5.3): which documents, how often, from where, for how long, and who hears it."""

import http.server
import subprocess
import threading
import time

import pytest

from support import audio, signals
from support.call import check_file
from support.hearing import spectrum_likeness
from support.parties import parties
from support.rayo_verbs import OUTPUT_COMPLETE, document_xml, output_xml
from support.sounds import Sounds

WORDS = "You have four new messages."


@pytest.fixture
def sounds(bench):
    return Sounds(bench)


@pytest.fixture
def listener(bench, sounds):
    """(client that speaks the dialect xep-0327, the party's side, call JID)."""
    client = bench.client(caps=True)
    return client, *bench.answered(client)


def play(client, leg, jid, **what):
    """Renders it to its end: what was heard meanwhile, and how it ended."""
    begin = time.monotonic()
    component = client.output(jid, **what)
    done = client.expect_complete(component)
    time.sleep(0.15)
    assert done.stanza.get("type") == "unavailable"
    return leg.media.hearing(begin), done


# ---- documents ----

def test_a_file_is_heard_once_whole_and_as_it_is(listener, sounds):
    client, leg, jid = listener
    source = signals.marks(2)
    heard, done = play(client, leg, jid, uris=[sounds.wav(source)])
    assert done.reason.tag == OUTPUT_COMPLETE + "finish"
    (piece,) = [p for p in audio.story(heard.pcm, source) if p[2] > 0.1]
    assert piece[2] > 1.95 and piece[1] < 0.03


@pytest.mark.parametrize("rate, channels, command", [
    (8000, 1, ["{}.wav"]), (48000, 2, ["{}.wav"]), (44100, 1, ["{}.flac"]), (22050, 2, ["{}.ogg"]),
    (32000, 1, ["-C", "64", "{}.mp3"]), (11025, 1, ["{}.wav"])])
def test_formats_and_rates(listener, sounds, rate, channels, command):
    """Whatever record writes, and wav, flac, ogg and mp3 at any rate: a tone of 700 Hz for a second."""
    client, leg, jid = listener
    sounds.wav([signals.tone(700, 1, rate=rate)] * channels, rate, "source")
    path = command[-1].format(sounds.folder / "made")
    subprocess.run(["sox", str(sounds.folder / "source.wav"), *command[:-1], path], check=True)
    heard, _ = play(client, leg, jid, uris=[f"file:{path}"])
    (begin, end), = heard.spans(700)
    assert end - begin == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("format_", ["wav", "mp3", "flac", "opus", "vorbis"])
def test_our_own_recordings_are_played_by_the_uri_that_was_reported(bench, format_):
    """Without any [output] files: what this server recorded, it plays."""
    bench.start_server()
    client, source = bench.client(caps=True), signals.marks(6)
    leg, jid = bench.answered(client, play=source)
    recorded = client.expect_complete(client.record(
        jid, f"format='{format_}' start-beep='false' direction='send' mix='true' max-duration='1500'"))
    leg.media.hush()
    heard, _ = play(client, leg, jid, uris=[recorded.uri])
    assert sum(p[2] for p in audio.story(heard.pcm, source, alike=0.5)) > 1.3


def test_several_documents_follow_each_other_without_a_gap(listener, sounds):
    client, leg, jid = listener
    documents = document_xml("# a comment\r\n" + sounds.tone(500, 0.5) + "\r\n" + sounds.tone(900, 0.5) + "\r\n",
                             "text/uri-list") + f"<document url='{sounds.tone(1300, 0.5, 16000)}'/>"
    heard, _ = play(client, leg, jid, documents=documents)
    (a, b), (c, d), (e, f) = (heard.spans(frequency)[0] for frequency in (500, 900, 1300))
    assert c - b < 0.06 and e - d < 0.06 and f - a == pytest.approx(1.5, abs=0.05)


@pytest.mark.parametrize("what", [dict(text=WORDS), dict(ssml=f"<speak><s>{WORDS}</s></speak>"),
                                  dict(documents=WORDS)], ids=["text/plain", "SSML", "inline, of 2011"])
def test_words_are_spoken(listener, what):
    client, leg, jid = listener
    heard, _ = play(client, leg, jid, **what)
    spoken = signals.speech(WORDS)
    assert spectrum_likeness(heard.pcm, spoken) > 0.85
    assert 0.6 < (audio.offset(heard.pcm) - audio.onset(heard.pcm)) / (len(spoken) / 8000) < 1.8


def test_another_voice_sounds_otherwise(listener):
    client, leg, jid = listener
    usual, _ = play(client, leg, jid, text=WORDS)
    other, _ = play(client, leg, jid, text=WORDS, attributes="voice='en+f3'")
    assert abs(usual.seconds - other.seconds) > 0.05 or spectrum_likeness(usual.pcm, other.pcm) < 0.97


def test_another_speech_engine_is_a_line_of_configuration(bench):
    """Any command: this one says every text as a tone of 850 Hz."""
    engine = bench.folder / "engine"
    engine.write_text("#!/bin/sh\ncat >/dev/null\nexec sox -n -r 8000 -c 1 -b 16 -t wav \"$1\" synth 0.7 sine 850 gain -12\n")
    engine.chmod(0o755)
    Sounds(bench, output={"tts": [str(engine), "{file}"], "tts-input": "text"})
    client = bench.client(caps=True)
    leg, jid = bench.answered(client)
    client.expect_complete(client.output(jid, text=WORDS))
    assert leg.media.hearing(time.monotonic() - 2).spans(850)


def test_without_a_speech_engine_words_are_refused_and_files_are_played(bench):
    sounds = Sounds(bench, output={"tts": []})
    client = bench.client()
    _, jid = bench.answered(client)
    client.refused(jid, output_xml(text=WORDS), "modify", "feature-not-implemented")
    client.expect_complete(client.output(jid, uris=[sounds.tone(500, 0.2)]))


class Shelf:
    """An HTTP server with one sound; counts what it is asked for."""

    def __init__(self, data, cache="max-age=60"):
        self.asked = []
        shelf = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                shelf.asked.append(self.path)
                found = self.path == "/sound.wav"
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "audio/x-wav")
                self.send_header("Cache-Control", cache)
                self.send_header("Content-Length", str(len(data) if found else 0))
                self.end_headers()
                self.wfile.write(data if found else b"")

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.uri = f"http://127.0.0.1:{self.server.server_address[1]}/sound.wav"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def shelf(bench, sounds, pcm, **options):
    sounds.wav(pcm, name="served")
    return bench.keep(Shelf((sounds.folder / "served.wav").read_bytes(), **options))


@pytest.mark.parametrize("cache, times", [("max-age=60", 1), ("no-store", 2)])
def test_what_is_fetched_is_kept_as_long_as_its_server_says(bench, listener, sounds, cache, times):
    client, leg, jid = listener
    there = shelf(bench, sounds, signals.tone(700, 0.4), cache=cache)
    for _ in range(2):
        heard, _ = play(client, leg, jid, uris=[there.uri])
        assert len(heard.spans(700)) == 1
    assert len(there.asked) == times


def test_what_is_too_large_is_not_fetched(bench):
    sounds = Sounds(bench, output={"max-size": 1})
    there = shelf(bench, sounds, signals.marks(80))
    client = bench.client()
    _, jid = bench.answered(client)
    reply = client.command(jid, output_xml(uris=[there.uri]))
    assert reply.get("type") == "error" and reply.condition[1] in ("not-acceptable", "resource-constraint"), reply


# ---- attributes ----

def test_it_is_repeated_with_silence_between(listener, sounds):
    client, leg, jid = listener
    heard, _ = play(client, leg, jid, uris=[sounds.tone(600, 0.4)],
                    attributes="repeat-times='3' repeat-interval='300'")
    spans = heard.spans(600)
    assert len(spans) == 3
    for (_, end), (begin, _) in zip(spans, spans[1:]):
        assert begin - end == pytest.approx(0.3, abs=0.05)


def test_it_begins_where_start_offset_says(listener, sounds):
    client, leg, jid = listener
    source = signals.marks(2)
    heard, _ = play(client, leg, jid, uris=[sounds.wav(source)], attributes="start-offset='1200'")
    (piece,) = [p for p in audio.story(heard.pcm, source) if p[2] > 0.1]
    assert piece[1] == pytest.approx(1.2, abs=0.03) and piece[2] == pytest.approx(0.8, abs=0.05)


def test_started_paused_it_waits_for_resume(listener, sounds):
    client, leg, jid = listener
    component = client.output(jid, uris=[sounds.tone(600, 0.5)], attributes="start-paused='true'")
    assert leg.media.listen(0.5).is_silent()
    client.steer(component, "resume")
    client.expect_complete(component)
    assert leg.media.hearing(time.monotonic() - 1.2).spans(600)


@pytest.mark.parametrize("more", ["", " repeat-times='0' repeat-interval='50'"], ids=["once", "for ever"])
def test_max_time_ends_it(listener, sounds, more):
    client, leg, jid = listener
    heard, done = play(client, leg, jid, uris=[sounds.tone(600, 5 if not more else 0.3)],
                       attributes="max-time='900'" + more)
    assert done.reason.tag == OUTPUT_COMPLETE + "max-time"
    last = heard.spans(600)[-1]
    assert last[1] - heard.spans(600)[0][0] == pytest.approx(0.9, abs=0.12)


@pytest.mark.parametrize("interrupt, by, ends", [("dtmf", "key", True), ("any", "key", True), ("voice", "key", False),
                                                 ("none", "key", False), ("voice", "words", True),
                                                 ("dtmf", "words", False)])
def test_interrupt_on(listener, sounds, interrupt, by, ends):
    client, leg, jid = listener
    component = client.output(jid, uris=[sounds.tone(600, 3)], attributes=f"interrupt-on='{interrupt}'")
    begin = time.monotonic()
    time.sleep(0.5)
    leg.media.press("5") if by == "key" else leg.media.play(signals.speech("Stop it now please."))
    client.expect_complete(component)
    assert (time.monotonic() - begin < 2.2) == ends


def test_stop_and_hangup_end_it(listener, sounds):
    client, leg, jid = listener
    components = [client.output(jid, uris=[sounds.tone(600, 20)]) for _ in range(2)]
    client.stop(components[0])
    assert client.expect_complete(components[0]).reason.tag == "{urn:xmpp:rayo:ext:complete:1}stop"
    assert leg.media.listen(0.4).tone(600) > -38, "the other goes on"
    leg.bye()
    assert client.expect_complete(components[1]).reason.tag == "{urn:xmpp:rayo:ext:complete:1}hangup"
    client.expect_end(jid)


def test_several_outputs_sound_together(listener, sounds):
    client, leg, jid = listener
    for frequency in (500, 1300):
        client.output(jid, uris=[sounds.tone(frequency, 3)])
    leg.media.listen(0.3)
    leg.media.listen(0.5).check([500, 1300])


# ---- who hears it, and whether it is recorded ----

def test_on_a_joined_call_it_is_a_whisper_and_on_a_mixer_an_announcement(bench, sounds):
    client = bench.client()
    a, b = parties(bench, client, 2, speak=False)
    mixer = [client.joined(one.jid, mixer="room") for one in (a, b)][0]
    client.output(a.jid, uris=[sounds.tone(500, 4)])
    client.output(mixer, uris=[sounds.tone(1300, 4)])
    time.sleep(0.4)
    begin = time.monotonic()
    a.media.listen(0.6).check([500, 1300])
    b.media.hearing(begin, begin + 0.6).check([1300], [500])


@pytest.mark.parametrize("direction, there", [("recv", True), ("duplex", True), ("send", False)])
def test_what_is_played_is_what_the_party_hears(listener, sounds, direction, there):
    client, _, jid = listener
    component = client.record(jid, f"format='wav' mix='true' direction='{direction}'")
    client.expect_complete(client.output(jid, uris=[sounds.tone(600, 0.8)]))
    time.sleep(0.3)
    client.stop(component)
    sound = check_file(client.expect_complete(component))
    spans = audio.tone_spans(sound.mono, 600, -40, rate=sound.rate)
    assert len(spans) == there and (not there or spans[0][1] - spans[0][0] == pytest.approx(0.8, abs=0.04))


# ---- what is refused ----

def test_outputs_that_are_refused(bench, sounds):
    client = bench.client()
    _, jid = bench.answered(client)
    secret = sounds.folder.parent / "outside.wav"
    signals.write_wav(secret, signals.tone(500, 1))
    (sounds.folder / "link.wav").symlink_to(secret)
    (sounds.folder / "text.wav").write_text("this is no sound")
    ok = document_xml("Hello", "text/plain")
    for payload, type_, condition in [
        (output_xml(), "modify", "bad-request"),
        (output_xml(text=" "), "modify", "bad-request"),
        (output_xml(documents="<document/>"), "modify", "bad-request"),
        (output_xml(documents=f"{ok}<dance/>"), "modify", "bad-request"),
        (output_xml(ssml="<speak>"), "modify", "bad-request"),
        (output_xml(ssml="<sing>la</sing>"), "modify", "bad-request"),
        (output_xml(documents=document_xml("no uri at all", "text/uri-list")), "modify", "bad-request"),
        (output_xml(documents=document_xml("x", "image/png")), "modify", "feature-not-implemented"),
        (output_xml(uris=["ftp://127.0.0.1/x.wav"]), "modify", "feature-not-implemented"),
        *[(output_xml(documents=ok, attributes=a), "modify", "bad-request") for a in (
            "repeat-times='foo'", "repeat-times='-1'", "start-offset='-5'", "start-offset='x'", "start-paused='maybe'",
            "max-time='-7'", "max-time='x'", "interrupt-on='rain'", "voice=''", "colour='red'", "repeat-interval='a'")],
        (output_xml(documents=ok, attributes="renderer='orchestra'"), "modify", "feature-not-implemented"),
    ]:
        client.refused(jid, payload, type_, condition)
    for uri in (f"file:{sounds.folder}/nothing.wav", f"file:{sounds.folder}/text.wav", f"file:{secret}",
                f"file:{sounds.folder}/link.wav", f"file:{sounds.folder}/../outside.wav", "file:/etc/passwd",
                "http://127.0.0.1:9/x.wav"):
        reply = client.command(jid, output_xml(uris=[uri]))
        assert reply.get("type") == "error", (uri, reply)
        assert reply.condition[1] in ("not-acceptable", "not-allowed", "service-unavailable", "bad-request"), (uri, reply)
    client.expect_nothing(client.is_event_of(jid, "complete"))


def test_a_call_that_does_not_exist_plays_nothing(bench):
    bench.client().refused("nobody@localhost", output_xml(text=WORDS), "cancel", "item-not-found")
