"""The server loses its power, disk and catalogue with it, while a recording ends and is handed over: what it said to its
client holds, every recording is delivered once, and the catalogue has each of them once. What was not synced is gone
(faults/forgetful_disk.cpp).

    audio synced ─▶ entry of the delivery queue ─▶ names, journal goes ─▶ store ─▶ stored ─▶ in the catalogue ─▶ entry goes
"""

import json
import os
import random
import time

import pytest

from support import audio, signals
from support.books import Books
from support.forgetful import ForgetfulDisk
from test_recovery import SLOW, sidecars_by_component, wait_until

ROUNDS = 60 if SLOW else 8
SEED = int(os.environ.get("TELEGRAPHONE_SEED") or 0)


class Machine:
    """A server with spool, store and catalogue on one disk."""

    def __init__(self, bench, folder, **changes):
        self.bench, root = bench, folder / "disk"
        self.disk = ForgetfulDisk(folder, root)
        recording = {"directory": str(root / "recordings"), **changes.pop("recording", {})}
        environment = {**self.disk.environment, "XDG_DATA_HOME": str(root / "data")}
        self.server = bench.start_server(recording=recording, environment=environment, **changes)
        self.server.recordings = root / "recordings"
        self.source = signals.marks(12)

    def record(self, format_, seconds):
        """A call that has been recorded so long: (client, phone, component)."""
        client, phone = self.bench.client(), self.bench.phone()
        call, jid = self.bench.answered(client, phone=phone, play=self.source)
        component = client.record(jid, f"format='{format_}' start-beep='false' direction='send'")
        call.media.wait_position(call.media.position + signals.samples(seconds))
        return client, phone, component

    def lose_power(self, *things):
        self.server.kill()
        for thing in things:
            thing.close()
        self.disk.lose_power()

    def start(self):
        self.server.start()
        wait_until(lambda: not self.server.journals() and not self.server.spooled_files())

    def check_file(self, component, least):
        """It is there once, plays what was said, and is what its sidecar says."""
        path, text = sidecars_by_component(self.server)[component]
        file = path.parent / text["file"]
        assert file.stat().st_size == text["size"]
        sound = audio.read(file)
        assert sound.seconds >= least, f"{sound.seconds:.2f} s of {least:.2f} s"
        mono = sound.mono if sound.rate == 8000 else signals.resample(sound.mono, sound.rate, 8000)
        story = audio.story(mono, self.source)
        assert story and sum(piece[2] for piece in story) >= sound.seconds - 0.3, story

    def check_books(self, components):
        rows = Books(self.server).check(components)
        assert len(self.server.recorded_files()) == sum(row["delivery"] == "stored" for row in rows.values())
        self.server.stop()
        Books(self.server).check_spool_is_empty()
        return rows


@pytest.mark.parametrize("format_", ["wav", "mp3"])
def test_what_a_client_was_told_is_there_after_a_loss_of_power(bench, tmp_path, format_):
    """Client stops a recording and receives its complete; at once the power is lost. The file is where the event said,
    as large as it said; the catalogue has it, completed."""
    machine = Machine(bench, tmp_path)
    client, phone, component = machine.record(format_, 2)
    client.stop(component)
    done = client.expect_complete(component)
    machine.lose_power(phone, client)
    machine.start()
    assert done.path.stat().st_size == done.size
    name = component.split("/")[1]
    machine.check_file(name, 1.9)
    assert machine.check_books({name})[name]["state"] == "completed"


def test_a_recording_that_its_store_does_not_take_survives_losses_of_power_and_is_delivered_once(bench, tmp_path):
    """The store cannot be reached: client receives complete after store-timeout. The power is lost twice; then the store
    is there, and gets it once. The catalogue has it completed, and stored."""
    store = tmp_path / "store"
    store.write_text("in the way")
    machine = Machine(bench, tmp_path, recording={"store-timeout": 1},
                      storage={"strategy": "file", "directory": str(store)})
    client, phone, component = machine.record("wav", 2)
    client.stop(component)
    done = client.expect_complete(component)
    assert str(done.path).startswith(str(store))
    name = component.split("/")[1]
    for _ in range(2):
        machine.lose_power(phone, client)
        machine.server.start()
        wait_until(lambda: Books(machine.server).rows().get(name, {}).get("state") == "completed")
    store.unlink()
    wait_until(lambda: done.path.exists() and not any((machine.server.recordings / "spool").glob("*.delivery")), 90)
    assert done.path.stat().st_size == done.size and audio.read(done.path).seconds >= 1.9
    assert [path.suffix for path in sorted(store.rglob("*")) if path.is_file()] == [".json", ".wav"]
    assert json.loads(done.path.with_suffix(".json").read_text())["component"] == name
    rows = Books(machine.server).check({name})
    assert rows[name]["state"] == "completed" and rows[name]["delivery"] == "stored"
    machine.server.stop()
    Books(machine.server).check_spool_is_empty()


def test_a_loss_of_power_at_any_moment_of_its_end_leaves_a_recording_once(bench, tmp_path):
    """Eight times ($TELEGRAPHONE_SEED; 60 times where it may take long): client stops a recording, and within 0.8 s the
    power is lost, whatever is being done with its file then."""
    chance = random.Random(SEED)
    machine = Machine(bench, tmp_path)
    components = {}
    for _ in range(ROUNDS):
        client, phone, component = machine.record(chance.choice(["wav", "mp3", "opus"]), 1.5)
        client.stop(component)
        time.sleep(chance.uniform(0, 0.8))
        machine.lose_power(phone, client)
        components[component.split("/")[1]] = 1.5
        machine.start()
    for component, seconds in components.items():
        machine.check_file(component, seconds - 1)
    rows = machine.check_books(components)
    states = [row["state"] for row in rows.values()]
    print(f"{ROUNDS} losses of power, seed {SEED}: " + ", ".join(f"{states.count(s)} {s}" for s in sorted(set(states))))
