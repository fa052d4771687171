"""Outputs as both generations of clients ask for them, and where what is played may come from."""

import http.server
import threading
import time

import pytest

from support import signals
from support.rayo_verbs import OUTPUT, OUTPUT_COMPLETE, output_xml


@pytest.fixture
def sounds(bench):
    """name -> URI of a tone below a folder that may be played from."""
    def make(name, tone=700, seconds=1.0, rate=8000):
        path = bench.server.folder / name
        signals.write_wav(path, signals.resample(signals.tone(tone, seconds), 8000, rate), rate)
        return f"file://{path}"
    return make


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
