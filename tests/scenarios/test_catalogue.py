"""`telegraphone recordings` and `telegraphone explain` on what a real server recorded, while it runs and when it does not."""

import hashlib
import json
import time

import pytest

from support import signals
from support.call import hints, sidecar
from support.catalogue import WAV, Commands, recorded, wait_until
from support.media import Impairment
from support.parties import parties
from support.server import run


def check_row(row, done, component, jid, leg):
    """What the catalogue says is what the event, the sidecar and the file say."""
    told, name = sidecar(done), done.path.name
    assert row["id"] == name.split(".")[0] and row["component"] == component.split("/")[1]
    assert row["call"] == told["call"]
    assert row["account"] == "app@localhost"
    assert row["from"] == told["from"] and row["to"] == told["to"]
    if leg is not None:
        assert row["call"] == jid.split("@")[0]
        assert leg.phone.user in row["from"]
    assert row["format"] == told["format"] and row["sample_rate"] == told["sample_rate"]
    assert row["started"][:19] == told["started"][:19]
    assert (row["state"], row["reason"]) == ("completed", told["reason"])
    assert row["duration_ms"] == done.duration == told["duration_ms"] and row["size"] == done.size
    assert row["file"] == str(done.path) and row["uri"] == done.uri
    assert row["sha256"] == hashlib.sha256(done.path.read_bytes()).hexdigest()
    packets = {key.removeprefix("packets_"): value for key, value in row["loss"].items() if key.startswith("packets_")}
    assert packets == {key: value for key, value in told["packets"].items() if value}
    in_ms = 1000 / told["sample_rate"]
    assert [(gap["kind"], gap["at_ms"], gap["length_ms"], gap["skipped_ms"]) for gap in row["gaps"]] == [
        (span["kind"], *(int(span[key] * in_ms) for key in ("at", "length", "skipped"))) for span in told["map"]]
    for one in row["beside"]:
        content = (done.path.parent / one["file"]).read_bytes()
        assert one["sha256"] == hashlib.sha256(content).hexdigest() and one["size"] == len(content)
    assert done.path.with_suffix(".json").name in [one["file"] for one in row["beside"]]
    assert [attempt["error"] for attempt in row["attempts"]] == [""]
    assert row["attempts"][0]["uri"] == row["uri"] and row["store"] == "local"


def test_what_was_recorded_is_in_the_catalogue_as_files_sidecars_and_events_have_it(bench):
    """Recordings of many kinds: each is found by its id, component, file name and uri, and all its facts are right, while
    the server runs and when it does not; verify has nothing to say."""
    server = bench.start_server()
    ask = Commands(server)
    client = bench.client()
    made = {"mp3": recorded(bench, client, "start-beep='false'"),
            "two channels": recorded(bench, client, WAV + " direction='duplex' mix='false'"),
            "paused": None}
    leg, jid = bench.answered(client, play=signals.marks(20))
    component = client.record(jid, WAV + " direction='send'")
    leg.media.wait_position(leg.media.position + signals.samples(0.7))
    client.pause(component)
    leg.media.wait_position(leg.media.position + signals.samples(1.2))
    client.resume(component)
    leg.media.wait_position(leg.media.position + signals.samples(0.5))
    client.hangup(jid)
    made["paused"] = client.expect_complete(component), component, jid, leg
    leg, jid = bench.answered(client, play=signals.marks(20))
    component = client.record(jid, WAV + " max-duration='700'")
    made["max-duration"] = client.expect_complete(component), component, jid, leg
    client.hangup(jid)
    for name, (done, component, jid, leg) in made.items():
        row = ask.settled(component)
        check_row(row, done, component, jid, leg)
        assert row["mixer"] is False, name
        for key in (row["id"], done.path.name, done.uri, str(done.path)):
            assert ask.show(key)["id"] == row["id"]
    rows = {name: ask.show(one[1].split("/")[1]) for name, one in made.items()}
    assert rows["mp3"]["channels"] == "mixed" and rows["two channels"]["channels"] == "send, recv"
    assert rows["paused"]["channels"] == "send" and rows["paused"]["reason"] == "hangup"
    (pause,) = (gap for gap in rows["paused"]["gaps"] if gap["kind"] == "paused")
    assert 900 <= pause["skipped_ms"] <= 1700
    assert rows["max-duration"]["reason"] == "max-duration" and rows["max-duration"]["duration_ms"] == 700

    listed = ask.list()
    assert [row["id"] for row in listed] == [rows[name]["id"] for name in reversed(made)]
    assert ask.findings() == []
    assert {row["id"] for row in ask.list("--format", "mp3")} == {rows["mp3"]["id"]}
    assert {row["id"] for row in ask.list("--reason", "hangup")} == {rows["paused"]["id"]}
    assert {row["id"] for row in ask.list("--party", made["mp3"][3].phone.user + "@")} == {rows["mp3"]["id"]}
    assert {row["id"] for row in ask.list("--call", made["paused"][2].split("@")[0])} == {rows["paused"]["id"]}
    assert len(ask.list("--account", "app@localhost", "--since", "1h", "--state", "completed")) == 4
    assert ask.list("--account", "other@localhost") == [] == ask.list("--before", "1h")
    assert len(ask.list("--limit", "2")) == 2
    table = ask("list").splitlines()
    assert table[0].split() == ["ID", "STARTED", "(UTC)", "LENGTH", "STATE", "REASON", "STORE", "SIZE", "FROM", "TO"]
    assert len(table) == 5 and "0:00.7" in table[1] and "max-duration" in table[1]
    sheet = ask("show", rows["paused"]["id"])
    assert "gap          paused at 0:00." in sheet and rows["paused"]["sha256"] in sheet
    for number, row in enumerate(sorted(rows.values(), key=lambda row: row["manifest"])):
        assert row["manifest"] == number + 1
    server.stop()
    assert ask.list() == listed and ask.findings() == []
    server.start()
    assert ask.list() == listed and ask.findings() == []


def test_a_conference_is_in_the_catalogue_with_its_participants_files(bench):
    server = bench.start_server()
    ask = Commands(server)
    client = bench.client()
    members = parties(bench, client, 2)
    mixer = [client.joined(one.jid, mixer="room") for one in members][0]
    component = client.record(mixer, WAV, hints(tracks="participant"))
    time.sleep(1)
    client.stop(component)
    done = client.expect_complete(component)
    row = ask.settled(component)
    check_row(row, done, component, mixer, None)
    assert row["mixer"] is True
    beside = [one["file"] for one in row["beside"]]
    assert len(beside) == 3 and sum(name.endswith(".wav") for name in beside) == 2
    assert ask.findings() == []
    for one in members:
        client.hangup(one.jid)
    ask("delete", row["id"], "--reason", "enough")
    assert server.recorded_files() == [] and server.sidecars() == []


def test_explain_says_in_plain_words_why_a_recording_is_short_silent_or_missing(bench):
    """Caller sends nothing; a third of the caller's packets is lost; the client pauses; nobody speaks before the
    initial-timeout; the server is killed; somebody removes a file."""
    server = bench.start_server()
    ask = Commands(server)
    client = bench.client()

    leg, jid = bench.answered(client, speaks=False)
    mute = client.record(jid, WAV + " direction='send' max-duration='2600'")
    client.expect_complete(mute)
    client.hangup(jid)

    leg, jid = bench.call(client, play=signals.marks(20))
    leg.media.impairment = Impairment(drop=0.3, seed=5)
    client.answer(jid)
    leg.wait_answered()
    lossy = client.record(jid, WAV + " direction='send' max-duration='4000'")
    client.expect_complete(lossy)
    client.hangup(jid)

    leg, jid = bench.answered(client, play=signals.marks(20))
    paused = client.record(jid, WAV)
    client.pause(paused)
    leg.media.wait_position(leg.media.position + signals.samples(1.5))
    client.stop(paused)
    client.expect_complete(paused)
    client.hangup(jid)

    leg, jid = bench.answered(client, play=signals.silence(10))
    unspoken = client.record(jid, WAV + " initial-timeout='500'")
    client.expect_complete(unspoken)
    client.hangup(jid)

    words = {name: ask("explain", ask.settled(one)["id"]) for name, one in
             dict(mute=mute, lossy=lossy, paused=paused, unspoken=unspoken).items()}
    assert "Nothing was received from the party in its first two seconds" in words["mute"]
    assert "No packet was received from the party at all" in words["mute"]
    assert "the party sent nothing (it was silent, muted or gone)" in words["mute"]
    share = float(words["lossy"].split(" packets (")[1].split(" %")[0])
    assert 20 < share < 40, words["lossy"]
    assert "packets were lost by the network" in words["lossy"]
    assert "of that the client had paused it" in words["paused"]
    skipped = float(words["paused"].split("less than passed between its start and its end.\n  ")[1].split(" s")[0])
    assert 1.2 < skipped < 2.2, words["paused"]
    assert "because nobody spoke at the beginning (initial-timeout)" in words["unspoken"]

    leg, jid = bench.answered(client, play=signals.marks(20))
    cut = client.record(jid, WAV + " direction='send'")
    leg.media.wait_position(leg.media.position + signals.samples(2))
    growing = cut.split("/")[1]
    assert "is still growing" in ask("explain", growing)
    assert [row["id"] for row in ask.list("--state", "recording")] == [ask.show(growing)["id"]]
    server.kill()
    client.drop()
    assert "its server ended and has not started again since" in ask("explain", growing)
    server.start()
    row = ask.settled(cut)
    assert (row["state"], row["reason"]) == ("interrupted", "interrupted") and row["duration_ms"] > 1000
    said = ask("explain", growing)
    assert "because the server ended before it did" in said and "at most the last second" in said
    assert ask.findings() == []
    row_file = server.recordings / row["file"]
    row_file.unlink()
    assert "is gone, and it was not this server that deleted it" in ask("explain", growing)


def test_verify_finds_whatever_was_changed_removed_or_put_in(bench):
    """One byte of a file; a file that is deleted; a foreign file; a foreign row; a value of a row; a line of the manifest
    that is swapped; the row of a recording: each is found, with words and exit status 1."""
    server = bench.start_server()
    ask = Commands(server)
    client = bench.client()
    made = [recorded(bench, client, WAV, seconds=0.3) for _ in range(3)]
    first, second, third = (ask.settled(component) for _, component, _, _ in made)
    path = made[0][0].path
    assert ask.findings() == []

    def is_found(kind, id_, words):
        (finding,) = ask.findings()
        assert finding[:2] == (kind, id_) and words in finding[2], finding

    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    is_found("changed", first["id"], "was changed: its checksum is another")
    assert "changed" in ask("verify", status=1) and "1 findings" in ask("verify", status=1)
    path.unlink()
    is_found("removed", first["id"], "is gone")
    path.write_bytes(content)
    (path.parent / "foreign.wav").write_bytes(content)
    is_found("put-in", "", "foreign.wav is of no recording in the catalogue")
    (path.parent / "foreign.wav").unlink()

    ask.sql(f"UPDATE recordings SET from_party = 'sip:mallory@example.org' WHERE id = '{second['id']}'")
    is_found("changed", second["id"], "what the catalogue says of it was changed")
    ask.sql(f"UPDATE recordings SET from_party = '{second['from']}' WHERE id = '{second['id']}'")
    assert ask.findings() == []

    # A server that runs does not sign what it did not record.
    columns = "id, call, component, format, channels, sample_rate, opened, state, ended, reason"
    ask.sql(f"INSERT INTO recordings ({columns}) SELECT 'made-up', {columns[4:]} FROM recordings LIMIT 1")
    again = recorded(bench, client, WAV, seconds=0.3)
    assert ask.settled(again[1])["manifest"] == 4
    is_found("unsigned", "made-up", "it is not in the manifest")
    ask.sql("DELETE FROM recordings WHERE id = 'made-up'")
    assert ask.findings() == []

    server.stop()
    manifest = ask.data / "catalogue.manifest"
    lines = manifest.read_text().splitlines(keepends=True)
    assert len(lines) == 4
    manifest.write_text("".join([lines[1], lines[0], *lines[2:]]))
    assert ("manifest", "", "line 2 of the manifest is not in its place: it has the number 1") in ask.findings()
    manifest.write_text("".join([lines[0], *lines[2:]]))
    assert any(kind == "manifest" and "lines were removed" in text for kind, _, text in ask.findings())
    manifest.write_text("".join(lines[:3]))
    assert any(kind == "manifest" and "the end of the manifest was removed" in text for kind, _, text in ask.findings())
    other = bench.start_server()
    manifest.write_bytes((other.folder / "data/telegraphone/catalogue.manifest").read_bytes()
                         if (other.folder / "data/telegraphone/catalogue.manifest").exists() else b"")
    assert len(ask.findings()) >= 4
    manifest.write_text("".join(lines))
    head = json.loads(ask("verify", "--json"))["head"]
    assert ask.findings("--head", head) == []
    ask.sql(f"DELETE FROM recordings WHERE id = '{third['id']}'")
    found = ask.findings()
    assert ("removed", third["id"], "it is in the manifest, and was removed from the catalogue") in found
    assert [kind for kind, _, _ in found if kind == "put-in"] == ["put-in"] * 2, "its file and its sidecar"


@pytest.mark.parametrize("runs", [True, False], ids=["running", "stopped"])
def test_recordings_are_held_released_deleted_and_exported(bench, tmp_path, runs):
    """Delete is refused under a hold and for what grows; else files go, the row stays, and the deletion is signed."""
    server = bench.start_server()
    ask = Commands(server)
    client = bench.client()
    one, two = (recorded(bench, client, seconds=0.3) for _ in range(2))
    rows = [ask.settled(each[1]) for each in (one, two)]
    if runs:
        leg, jid = bench.answered(client, play=signals.marks(20))
        growing = client.record(jid, WAV)
        assert "the recording has not ended" in ask("delete", growing.split("/")[1], "--reason", "no", status=1)
        client.hangup(jid)
        client.expect_complete(growing)
        ask.settled(growing)
    else:
        server.stop()
    held, free = rows[0]["id"], rows[1]["id"]
    ask("hold", held, "--reason", "case 4711")
    assert "case 4711" in ask("show", held) and [row["id"] for row in ask.list("--held")] == [held]
    assert "legal hold" in ask("delete", held, "--reason", "no", status=1)
    assert "under a legal hold (case 4711)" in ask("explain", held)
    assert one[0].path.exists() and ask.show(held)["deleted"] is None

    folder = tmp_path / "out"
    ask("export", held, free, "--to", folder)
    for row, (done, *_) in zip(rows, (one, two)):
        assert (folder / done.path.name).read_bytes() == done.path.read_bytes()
        assert f"{row['sha256']}  {done.path.name}" in (folder / "SHA256SUMS").read_text()
    assert {json.loads(line)["id"] for line in (folder / "recordings.json").read_text().splitlines()} == {held, free}
    assert (folder / "catalogue.manifest").exists() and (folder / "catalogue.key.pub").exists()
    assert not (folder / "catalogue.key").exists()
    assert "not empty" in ask("export", free, "--to", folder, status=1)

    assert ask("delete", free, "--reason", "asked by its owner") == ""
    assert not two[0].path.exists() and not two[0].path.with_suffix(".json").exists()
    row = ask.show(free)
    assert row["deleted"] and row["delete_reason"] == "asked by its owner" and row["sha256"] == rows[1]["sha256"]
    assert free not in [row["id"] for row in ask.list()] and [row["id"] for row in ask.list("--deleted")] == [free]
    assert "It was deleted on" in ask("explain", free)
    assert '"kind":"deletion"' in (ask.data / "catalogue.manifest").read_text().splitlines()[-1]
    assert ask.findings() == []
    ask("release", held)
    ask("delete", held, "--reason", "over")
    assert not one[0].path.exists() and ask.findings() == []
    ask("delete", held, "--reason", "again", status=1)
    ask("retry", held, status=1)


def test_retry_has_the_server_try_a_store_at_once(bench):
    """The store cannot take it (its directory is a file); it is repaired; `retry` instead of a wait for an hour."""
    root = bench.folder / "store"
    root.write_text("in the way")
    server = bench.start_server(storage={"strategy": "file", "directory": str(root), "first-retry": 3600,
                                         "longest-retry": 3600}, recording={"store-timeout": "1s"})
    ask = Commands(server)
    client = bench.client()
    done, component, _, _ = recorded(bench, client, seconds=0.3)
    id_ = component.split("/")[1]
    wait_until(lambda: ask.show(id_)["attempts"])
    row = ask.show(id_)
    assert row["delivery"] == "waiting" and row["attempts"][0]["error"]
    assert "It waits to be stored; 1 tries failed" in ask("explain", id_)
    assert [one["id"] for one in ask.list("--delivery", "waiting")] == [row["id"]]
    root.unlink()
    ask("retry", id_)
    row = ask.settled(component)
    assert row["file"].startswith(str(root)) and row["delivery"] == "stored"
    assert row["sha256"] == hashlib.sha256(open(row["file"], "rb").read()).hexdigest()
    assert [bool(one["error"]) for one in row["attempts"]] == [True, False]
    assert "It was stored after 1 tries that failed" in ask("explain", id_)
    assert ask.findings() == []
    (root / "foreign.mp3").write_bytes(b"x")
    assert [kind for kind, _, _ in ask.findings()] == ["put-in"], "the store's directory is looked at"


def test_retention_deletes_what_is_due_and_nothing_that_is_held_or_waits_for_its_store(bench):
    """keep = "0h": what is stored goes at the next sweep, a second later; wav is kept; a hold keeps; what a store has not
    got stays. The deletions are signed."""
    root = bench.folder / "store"
    root.write_text("in the way")
    server = bench.start_server(storage={"strategy": "file", "directory": str(root), "first-retry": 3600,
                                         "longest-retry": 3600},
                                recording={"store-timeout": "1s"}, catalogue={"sweep": "1s"}, start=False)
    server.config_file.write_text(server.config_file.read_text()
                                  + '[[retention]]\nformat = "wav"\nkeep = "forever"\n[[retention]]\nkeep = "0h"\n')
    server.start()
    ask = Commands(server)
    client = bench.client()
    made = [recorded(bench, client, attributes, seconds=0.3)[1].split("/")[1]
            for attributes in ("format='mp3'", "format='mp3'", WAV)]
    time.sleep(2.5)
    rows = [ask.show(one) for one in made]
    assert [row["delivery"] for row in rows] == ["waiting"] * 3 and not any(row["deleted"] for row in rows)
    ask("hold", made[1], "--reason", "case 4711")
    root.unlink()
    for one in made:
        ask("retry", one)
    wait_until(lambda: ask.show(made[0])["deleted"])
    time.sleep(2.5)
    first, held, kept = (ask.show(one) for one in made)
    assert first["delete_reason"] == "retention" and not held["deleted"] and not kept["deleted"]
    assert len([path for path in root.rglob("*") if path.is_file()]) == 4, "two recordings and their sidecars"
    ask("release", made[1])
    wait_until(lambda: ask.show(made[1])["deleted"])
    assert sum('"kind":"deletion"' in line for line in (ask.data / "catalogue.manifest").read_text().splitlines()) == 2
    assert ask.findings() == []


@pytest.mark.parametrize("text, words", [
    ('[[retention]]\nkeep = "soon"', ":2:8: retention.keep: expected a time like"),
    ('[[retention]]\nformat = "mp3"', ":1:1: this [[retention]] does not say how long: keep"),
    ('[[retention]]\nkeep = "1d"\nstate = "recording"', ':3:9: retention.state: expected "completed", "failed" or'),
    ('[[retention]]\nkeep = "1d"\nreason = "bored"', ":3:10: retention.reason: expected a reason"),
    ('[[retention]]\nkeep = "1d"\nage = 3', ":3:1: unknown key 'retention.age'"),
    ('[retention]\nkeep = "1d"', ":1:1: retention: expected tables [[retention]]"),
    ('[catalogue]\nsweep = "100ms"', ":2:9: catalogue.sweep: expected seconds, 1 to 86400"),
    ('[catalogue]\nfile = ""', ":2:8: catalogue.file: expected a file name"),
])
def test_what_is_wrong_about_the_catalogue_is_told_with_line_and_column(tmp_path, text, words):
    file = tmp_path / "telegraphone.toml"
    file.write_text(text + "\n")
    ran = run("check-config", file)
    assert ran.returncode == 2 and words in ran.stderr, ran.stderr
    good = tmp_path / "good.toml"
    good.write_text('[catalogue]\nsweep = 60\n[[retention]]\nkeep = "0h"\nreason = "discarded"\nstate = "failed"\n')
    assert run("check-config", good).returncode == 0
    shown = run("print-config", "--config", good).stdout
    assert 'keep = "0d"' in shown and "sweep = 60" in shown
