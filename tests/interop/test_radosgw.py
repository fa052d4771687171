"""The strategy s3 against an S3 of others: the radosgw of Debian's Ceph, which tools/radosgw starts on loopback."""

import hashlib
import json
import os
import random
import re
import subprocess
import urllib.parse

import pytest

from support import radosgw
from support.server import binary

TOOL = binary().parent / "storage_store_tool"
MEGABYTE = 1 << 20
FIVE = 5 * MEGABYTE

pytestmark = pytest.mark.no_binary


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    if not os.environ.get("TELEGRAPHONE_SLOW"):
        pytest.skip("takes longer: TELEGRAPHONE_SLOW=1")
    if radosgw.missing():
        pytest.skip(f"not installed: {radosgw.missing()} (tools/packages-long.txt)")
    if not TOOL.exists():
        pytest.skip(f"{TOOL} is not built (cmake --build … --target storage_store_tool)")
    one = radosgw.Radosgw(tmp_path_factory.mktemp("radosgw") / "log")
    yield one
    one.stop()


class Spool:
    def __init__(self, folder):
        self.folder = folder

    def write(self, name, content):
        (self.folder / name).write_bytes(content)
        return self.folder / name

    def states(self):
        return [one.name for one in self.folder.iterdir() if one.name.endswith(".upload")]


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path)


def run(action, settings, file, name, **others):
    asked = {"settings": settings, "file": str(file), "name": name, **others}
    done = subprocess.run([TOOL, action], input=json.dumps(asked), capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def digest(content):
    return hashlib.sha256(content).hexdigest()


def test_a_small_recording_with_its_tags_and_metadata(store, spool):
    content = noise(12345)
    settings = store.settings(tags={"who": "{account} & co", "kind": "call"}, metadata={"from": "{from}"})
    done = run("store", settings, spool.write("small.mp3", content), "small.mp3", account="acme")
    assert done == {"uri": f"{store.endpoint}/recordings/2026-11-23/small.mp3"}
    kept = store.request("GET", "2026-11-23/small.mp3")
    assert kept.body == content
    assert kept.headers["content-type"] == "audio/mpeg"
    assert kept.headers["x-amz-meta-from"] == "sip:alice@example.com"
    assert kept.headers["x-amz-meta-sha256"] == digest(content)
    tags = store.request("GET", "2026-11-23/small.mp3", "tagging=").body.decode()
    assert dict(re.findall(r"<Key>(.*?)</Key><Value>(.*?)</Value>", tags)) == {"who": "acme &amp; co", "kind": "call"}


def test_twenty_megabytes_in_parts(store, spool):
    content = noise(20 * MEGABYTE + 77)
    done = run("store", store.settings(), spool.write("big.mp3", content), "big.mp3")
    assert done["uri"].endswith("/big.mp3")
    kept = store.request("GET", "2026-11-23/big.mp3")
    assert digest(kept.body) == digest(content)
    assert kept.headers["etag"].strip('"').endswith("-5")
    assert store.uploads() == 0 and spool.states() == []


def test_a_recording_that_is_uploaded_while_it_grows(store, spool):
    content = noise(20 * MEGABYTE)
    for size in (2 * FIVE, 3 * FIVE, 3 * FIVE + 5, 4 * FIVE):
        done = run("grow", store.settings(), spool.write("grown.mp3.part", content[:size]), "grown.mp3")
        assert done == {"more": False}
    assert len(spool.states()) == 1 and store.uploads() == 1
    content = b"head" + content[4:] + b"tail"
    (spool.folder / "grown.mp3.part").unlink()
    file = spool.write("grown.mp3", content)
    state = json.loads((spool.folder / spool.states()[0]).read_text())
    assert [one["number"] for one in state["parts"]] == [2, 3, 4]
    assert run("store", store.settings(), file, "grown.mp3")["uri"].endswith("/grown.mp3")
    assert digest(store.request("GET", "2026-11-23/grown.mp3").body) == digest(content)
    assert store.uploads() == 0 and spool.states() == []
    # The next attempt of a process that died before it knew: it is there, and is left as it is.
    before = store.request("HEAD", "2026-11-23/grown.mp3").headers["last-modified"]
    assert run("store", store.settings(), file, "grown.mp3", attempt=2)["uri"].endswith("/grown.mp3")
    assert store.request("HEAD", "2026-11-23/grown.mp3").headers["last-modified"] == before


def test_a_part_that_differs_in_the_end_is_replaced(store, spool):
    content = bytearray(noise(3 * FIVE))
    assert run("grow", store.settings(), spool.write("differs.mp3.part", content), "differs.mp3") == {"more": True}
    content[FIVE + 9] ^= 1
    assert "uri" in run("store", store.settings(), spool.write("differs.mp3", content), "differs.mp3")
    assert digest(store.request("GET", "2026-11-23/differs.mp3").body) == digest(content)


def test_what_grows_no_more_is_aborted_and_what_was_aborted_begins_again(store, spool):
    content = noise(3 * FIVE)
    part = spool.write("gone.mp3.part", content)
    assert run("grow", store.settings(), part, "gone.mp3") == {"more": True}
    kept = (spool.folder / spool.states()[0]).read_bytes(), spool.states()[0]
    assert run("forget", store.settings(), spool.folder / "gone.mp3", "gone.mp3") == {}
    assert store.uploads() == 0 and spool.states() == []
    spool.write(kept[1], kept[0])  # as if somebody else had aborted it
    assert "NoSuchUpload" in run("grow", store.settings(), part, "gone.mp3")["error"]
    spool.write(kept[1], kept[0])
    assert "uri" in run("store", store.settings(), spool.write("gone.mp3", content), "gone.mp3")
    assert digest(store.request("GET", "2026-11-23/gone.mp3").body) == digest(content)
    assert store.uploads() == 0
    # One that was begun again is looked for once more when its file is gone.
    assert run("forget", store.settings(), spool.folder / "gone.mp3", "gone.mp3") == {}
    assert spool.states() == [] and store.request("HEAD", "2026-11-23/gone.mp3").status == 200


def test_an_upload_whose_answer_nobody_saw_is_aborted(store, spool):
    content = noise(2 * FIVE)
    key = urllib.parse.quote("2026-11-23/unseen.mp3")
    part = spool.write("unseen.mp3.part", content)
    assert run("grow", store.settings(), part, "unseen.mp3") == {"more": False}
    state = spool.folder / spool.states()[0]
    told = json.loads(state.read_text())
    told["upload"], told["parts"] = "", []
    state.write_text(json.dumps(told))
    assert "uri" in run("store", store.settings(), spool.write("unseen.mp3", content), "unseen.mp3")
    assert store.uploads() == 0
    assert store.request("HEAD", urllib.parse.unquote(key)).status == 200


def test_wrong_keys_and_buckets_are_told(store, spool):
    file = spool.write("wrong.mp3", b"audio")
    assert "SignatureDoesNotMatch" in run("store", store.settings(**{"secret-key": "wrong"}), file, "wrong.mp3")["error"]
    assert "InvalidAccessKeyId" in run("store", store.settings(**{"access-key": "wrong"}), file, "wrong.mp3")["error"]
    assert "NoSuchBucket" in run("store", store.settings(bucket="nothing-here"), file, "wrong.mp3")["error"]


def test_a_bucket_that_is_a_host(store, spool):
    port = store.endpoint.rsplit(":", 1)[1]
    settings = store.settings(style="virtual", endpoint=f"http://localhost:{port}")
    done = run("store", settings, spool.write("host.mp3", b"audio"), "host.mp3")
    assert done["uri"] == f"http://recordings.localhost:{port}/2026-11-23/host.mp3"
    assert store.request("GET", "2026-11-23/host.mp3").body == b"audio"
