"""Where recordings go (docs/stores.md): the real server delivers real calls to every strategy; what the event says is
where the recording is, whole; and what a client is told while a store is away."""

import functools
import hashlib
import http.server
import json
import signal
import stat
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from support import signals
from support.rayo import EXT
from support.server import run
from support.stores import S3, Uploads, listed, row_of, spooled, wait_spool_empty, wait_until

WAV = "format='wav' start-beep='false'"


@pytest.fixture
def s3(bench):
    return bench.keep(S3())


@pytest.fixture
def uploads(bench):
    return bench.keep(Uploads())


def recorded(bench, client, attributes=WAV, seconds=0.6, **options):
    """A call that was recorded: (the event, its component)."""
    leg, jid = bench.answered(client, play=signals.marks(12), **options)
    component = client.record(jid, attributes)
    leg.media.wait_position(leg.media.position + signals.samples(seconds))
    client.stop(component)
    complete = client.expect_complete(component)
    leg.bye()
    return complete, component


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def fetched(uri):
    with urllib.request.urlopen(uri, timeout=20) as answer:
        return answer.read()


def check_row(server, complete, component):
    """The catalogue says what the event says; gives its row."""
    row = row_of(server, component)
    assert row["uri"] == complete.uri and row["size"] == complete.size and row["duration_ms"] == complete.duration
    return row


# ---- every strategy ----


def test_a_recording_goes_to_s3_under_its_key_with_its_metadata_and_leaves_the_spool(bench, s3):
    server = bench.start_server(storage=s3.settings(key="calls/{year}/{from}/{name}"),
                                **{"storage.metadata": {"call": "{call}", "who": "{from}"}, "storage.tags": {"kind": "call"}})
    complete, component = recorded(bench, bench.client(), user="alice")
    row = check_row(server, complete, component)
    there = s3.object_at(complete.uri)
    assert there["sha256"] == row["sha256"] and there["size"] == complete.size and there["puts"] == 1
    assert f"/recordings/calls/{time.gmtime().tm_year}/sip_alice_localhost/{row['id']}.wav" in complete.uri
    assert there["headers"]["x-amz-meta-call"] == row["call"] and "alice" in there["headers"]["x-amz-meta-who"]
    assert there["headers"]["x-amz-tagging"] == "kind=call" and there["headers"]["content-type"] == "audio/wav"
    beside, = row["beside"]
    assert s3.object_at(complete.uri.replace(".wav", ".json"))["sha256"] == beside["sha256"]
    assert row["store"] == "main" and s3.state()["refusals"] == []
    wait_spool_empty(server)
    assert wait_until(lambda: row_of(server, component)["file"] == "") and server.recorded_files() == []


@pytest.mark.parametrize("settings", [{"url": "/bearer", "bearer": "t0ken"},
                                      {"url": "/digest", "user": "alice", "password": "secret"}], ids=["bearer", "digest"])
def test_a_recording_is_put_to_a_web_server(bench, uploads, settings):
    server = bench.start_server(storage={"strategy": "http", **settings, "url": uploads.url + settings["url"]})
    complete, component = recorded(bench, bench.client())
    row = check_row(server, complete, component)
    assert complete.uri.startswith(uploads.url + settings["url"])
    kept = uploads.state()
    assert kept[complete.uri.removeprefix(uploads.url)]["sha256"] == row["sha256"]
    assert kept[complete.uri.removeprefix(uploads.url).replace(".wav", ".json")]["sha256"] == row["beside"][0]["sha256"]
    wait_spool_empty(server)


def test_a_recording_is_posted_and_is_where_the_answer_says(bench, uploads):
    server = bench.start_server(storage={"strategy": "http", "method": "POST", "url": uploads.url + "/post"})
    complete, component = recorded(bench, bench.client())
    row = check_row(server, complete, component)
    assert complete.uri.startswith(uploads.url + "/files/") and sha256(fetched(complete.uri)) == row["sha256"]


def test_the_uri_of_a_web_server_can_be_made_by_a_template(bench, uploads):
    server = bench.start_server(storage={"strategy": "http", "url": uploads.url + "/plain/in", "path": "{account}/{name}",
                                         "uri": uploads.url + "/plain/in/{path}"})
    complete, component = recorded(bench, bench.client())
    row = check_row(server, complete, component)
    assert sha256(fetched(complete.uri)) == row["sha256"] and "/plain/in/app_localhost" in complete.uri


SCRIPT = """#!/usr/bin/python3
import json, pathlib, shutil, sys
told, kept = json.load(sys.stdin), pathlib.Path(__file__).parent / "kept"
kept.mkdir(exist_ok=True)
with open(kept / "orders", "a") as out:
    out.write(json.dumps(told) + "\\\\n")
for one in told["files"]:
    if told["action"] == "delete":
        (kept / one["name"]).unlink(missing_ok=True)
    else:
        shutil.copy(one["path"], kept / one["name"])
print("file:" + str(kept / told["files"][0]["name"]))
"""


def script(folder):
    path = Path(folder) / "store.py"
    path.write_text(SCRIPT.replace("\\\\n", "\\n"))
    path.chmod(0o755)
    return str(path)


def test_a_recording_is_given_to_a_command(bench, tmp_path):
    server = bench.start_server(storage={"strategy": "exec", "command": [script(tmp_path)]})
    complete, component = recorded(bench, bench.client(), user="bob")
    row = check_row(server, complete, component)
    assert sha256(complete.path.read_bytes()) == row["sha256"] and complete.path.parent == tmp_path / "kept"
    order = json.loads((tmp_path / "kept" / "orders").read_text())
    assert order["action"] == "store" and order["id"] == row["id"] and "bob" in order["from"]
    assert order["duration_ms"] == complete.duration and order["files"][0]["sha256"] == row["sha256"]
    wait_spool_empty(server)


def test_a_recording_lies_in_a_directory_that_a_web_server_shows(bench, tmp_path):
    shown = tmp_path / "shown"
    shown.mkdir()
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(http.server.SimpleHTTPRequestHandler,
                                                                               directory=shown))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{web.server_port}/r"
    try:
        server = bench.start_server(storage={"strategy": "file", "directory": str(shown / "r"), "public-url": url,
                                             "path": "{year}/{to}/{name}", "mode": "0644"})
        complete, component = recorded(bench, bench.client())
        row = check_row(server, complete, component)
        assert complete.uri.startswith(f"{url}/{time.gmtime().tm_year}/sip_app_") and sha256(fetched(complete.uri)) == row["sha256"]
        assert stat.S_IMODE(Path(row["file"]).stat().st_mode) == 0o644 and str(shown) in row["file"]
        wait_spool_empty(server)
    finally:
        web.shutdown()
        web.server_close()


# ---- several ----


def test_rules_say_which_recording_goes_where(bench, s3, tmp_path):
    """By the client's account, by format, by a header of the call; what no rule fits goes to [storage] stores."""
    folders = {name: tmp_path / name for name in ("legal", "flacs", "others", "rest")}
    server = bench.start_server(
        storage={"stores": ["rest"],
                 "rule": [{"header": "X-Keep: legal*", "stores": ["legal"]}, {"format": "flac", "stores": ["flacs"]},
                          {"account": "other@*", "stores": ["vault"]}]},
        **{f"storage.store.{name}": {"strategy": "file", "directory": str(folder)} for name, folder in folders.items()},
        **{"storage.store.vault": s3.settings()})
    client = bench.client()
    uris = {"legal": recorded(bench, client, WAV.replace("wav", "flac"), headers=[("X-Keep", "legal-7")])[0].uri,
            "flacs": recorded(bench, client, WAV.replace("wav", "flac"), headers=[("X-Keep", "for fun")])[0].uri,
            "rest": recorded(bench, client)[0].uri}
    for name, uri in uris.items():
        assert uri.startswith(f"file:{folders[name]}/"), uris
    client.close()
    complete, component = recorded(bench, bench.client(user="other", password="secret2"))
    assert s3.object_at(complete.uri)["sha256"] == row_of(server, component)["sha256"]
    assert sorted(row["store"] for row in listed(server).values()) == ["flacs", "legal", "rest", "vault"]


def test_what_the_primary_does_not_take_goes_to_the_fallback(bench, tmp_path):
    away = S3(start=False)
    server = bench.start_server(
        storage={"stores": ["main", "local"], "first-retry": 0.1, "fallback-after": 0.5},
        **{"storage.store.main": away.settings(), "storage.store.local": {"strategy": "file", "directory": str(tmp_path / "kept")}})
    complete, component = recorded(bench, bench.client())
    row = check_row(server, complete, component)
    assert complete.path.is_relative_to(tmp_path / "kept") and row["store"] == "local"
    assert sha256(complete.path.read_bytes()) == row["sha256"]
    wait_spool_empty(server)


# ---- what is told, and when ----


@pytest.mark.parametrize("told", [{"complete-after": "spooled"}, {"store-timeout": 1}], ids=["spooled", "timeout"])
def test_while_a_store_is_away_the_event_comes_in_time_with_the_uri_that_the_recording_gets_later(bench, told):
    """Nobody listens at the store's port; the client is told the final uri; then the store comes, and gets it once."""
    s3 = bench.keep(S3(start=False))
    server = bench.start_server(recording=told, storage=s3.settings(**{"first-retry": 0.2}))
    client = bench.client()
    began = time.monotonic()
    complete, component = recorded(bench, client)
    took = time.monotonic() - began
    assert complete.reason_name == "stop" and took < 20  # of a default of 30 s for the store
    assert row_of(server, component, lambda row: row["delivery"] == "waiting")["uri"] == complete.uri
    assert any(name.endswith(".delivery") for name in spooled(server))
    s3.start()
    row = row_of(server, component)
    there = s3.object_at(complete.uri)
    assert there["sha256"] == row["sha256"] and there["puts"] == 1 and row["uri"] == complete.uri
    wait_spool_empty(server)
    client.sync()
    told = [s for s in client.received if s.name == "presence" and s.get("from") == component]
    assert len(told) == 1 and told[0].first.tag == EXT + "complete", told


def test_the_spool_keeps_what_is_stored_as_long_as_it_is_told(bench, s3):
    server = bench.start_server(storage=s3.settings(), spool={"keep": 2})
    complete, component = recorded(bench, bench.client())
    row = row_of(server, component)
    kept = Path(row["file"])
    assert kept.parent == server.recordings / "spool" and sha256(kept.read_bytes()) == row["sha256"]
    assert s3.object_at(complete.uri)["sha256"] == row["sha256"]
    wait_spool_empty(server)
    wait_until(lambda: row_of(server, component)["file"] == "")


# ---- settings ----

BAD = {
    "bucket = 7": "c.toml:4:10: store 'main': bucket: expected a string",
    "bucket = \"x\"": "c.toml:4:10: store 'main': bucket: expected the name of a bucket",
    "bucket = \"recordings\"\nbukket = \"x\"": "c.toml:5:10: store 'main': bukket: ",
    "bucket = \"recordings\"\nkey = \"{date}/x\"": "c.toml:5:7: store 'main': key: '{date}/x' has neither {name}",
    "bucket = \"recordings\"\nkey = \"../{name}\"": "c.toml:5:7: store 'main': key: ",
    "bucket = \"recordings\"\n[storage]\nstores = [\"mian\"]": "there is no store 'mian'",
    "bucket = \"recordings\"\n[[storage.rule]]\nstores = [\"x\"]": "there is no store 'x'",
    "bucket = \"recordings\"\n[[storage.rule]]\nheader = \"X\"\nstores = [\"main\"]": "c.toml:6:10: storage.rule.header",
    "bucket = \"recordings\"\n[storage.store.b]\nstrategy = \"ftp\"": "c.toml:6:12: store 'b': strategy: 'ftp' is none of",
}


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_a_wrong_setting_is_named_with_its_place(tmp_path, text):
    path = tmp_path / "c.toml"
    path.write_text('[storage.store.main]\nstrategy = "s3"\nregion = "eu"\n' + text + "\n")
    done = run("check-config", path)
    assert done.returncode == 2 and BAD[text] in done.stderr, done.stderr


def test_no_secret_of_a_store_is_printed(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("""
[storage]
stores = ["a", "b"]
[storage.store.a]
strategy = "s3"
bucket = "recordings"
access-key = "AKIA"
secret-key = "HUSH1"
session-token = "HUSH2"
[storage.store.b]
strategy = "http"
url = "https://host.example/x"
bearer = "HUSH4"
user = "web"
password = "HUSH5"
uri = "https://web:HUSH3@host.example/x/{path}"
headers = { "Authorization" = "Basic HUSH6", "X-Api-Key" = "HUSH7", "X-From" = "{from}" }
""")
    done = run("print-config", "--config", path)
    assert done.returncode == 0, done.stderr
    assert "HUSH" not in done.stdout and 'bucket = "recordings"' in done.stdout and "{from}" in done.stdout


# ---- deletion ----


def command(server, *arguments):
    return run("recordings", *arguments, "--config", server.config_file, environment=server.environment)


def test_what_somebody_deletes_is_deleted_at_its_store_unless_it_is_held(bench, s3):
    server = bench.start_server(storage=s3.settings())
    client = bench.client()
    made = [recorded(bench, client) for _ in range(2)]
    ids = [row_of(server, component)["id"] for _, component in made]
    wait_spool_empty(server)
    assert command(server, "hold", ids[1], "--reason", "case 4711").returncode == 0
    assert command(server, "delete", ids[0], "--reason", "asked").returncode == 0
    assert command(server, "delete", ids[1], "--reason", "asked").returncode == 1
    wait_until(lambda: listed(server, "--deleted"), "the deletion")
    row, = listed(server, "--deleted").values()
    assert row["id"] == ids[0] and row["delete_reason"] == "asked"
    assert sorted(s3.objects()) == [key for key in sorted(s3.objects()) if ids[1] in key] and len(s3.objects()) == 2
    assert s3.object_at(made[1][0].uri)


def test_retention_deletes_at_the_store_once_that_is_there(bench, s3):
    """A store refuses to delete for a while: nothing is called deleted before it is."""
    server = bench.start_server(storage=s3.settings())
    complete, component = recorded(bench, bench.client())
    row_of(server, component)
    wait_spool_empty(server)
    server.stop()
    server.config["retention"] = [{"keep": "0h"}]
    server.write_config()
    s3.misbehave({"fault": "expired", "method": "DELETE", "times": 1000})
    server.start()
    wait_until(lambda: "retention" in server.log() and "ExpiredToken" in server.log(), "the refusal")
    assert s3.object_at(complete.uri) and not listed(server, "--deleted")
    server.stop()
    s3.misbehave()
    server.start()
    wait_until(lambda: listed(server, "--deleted"), "the deletion")
    assert s3.objects() == {}


def test_a_command_is_told_to_delete(bench, tmp_path):
    server = bench.start_server(storage={"strategy": "exec", "command": [script(tmp_path)], "delete": True})
    complete, component = recorded(bench, bench.client())
    row = row_of(server, component)
    wait_spool_empty(server)
    assert command(server, "delete", row["id"], "--reason", "asked").returncode == 0
    wait_until(lambda: listed(server, "--deleted"), "the deletion")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["orders"]


# ---- what can be asked for ----


def test_a_signal_says_what_waits_and_which_store_fails(bench):
    s3 = bench.keep(S3(start=False))
    server = bench.start_server(recording={"complete-after": "spooled"},
                                storage=s3.settings(**{"first-retry": 0.1, "longest-retry": 0.4}))
    client = bench.client()
    for _ in range(3):
        recorded(bench, client)
    wait_until(lambda: "(8 times in a row)" in server.log(), "eight attempts")
    server.signal(signal.SIGUSR1)
    wait_until(lambda: "store main: fails since" in server.log(), "the state of the store")
    told = [line for line in server.log().splitlines() if " app: " in line]
    assert any("delivery: 3 recordings wait, 0 are being stored" in line or "delivery: 2 recordings wait, 1 are" in line
               for line in told), told
    assert any("store main: fails since 20" in line and "times in a row)" in line and "onnect" in line for line in told)
    warnings = [line for line in server.log().splitlines() if " warn " in line and " delivery: " in line]
    assert 3 <= len(warnings) <= 6, "one line for the 1st, 2nd, 4th, 8th … failure"
    s3.start()
    wait_until(lambda: len(s3.objects()) == 6, "the delivery of all")
    wait_until(lambda: "main works again" in server.log(), "the end of the outage in the log")
    server.signal(signal.SIGUSR1)
    wait_until(lambda: "store main: works; 3 stored" in server.log(), "the state of the store")
