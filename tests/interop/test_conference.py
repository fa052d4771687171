"""Phones that others wrote and ours in one conference, in different codecs: each hears the others and not itself, and the
recording holds all of them."""

import subprocess
import time
from pathlib import Path

from support import g711, signals
from support.baresip import Baresip
from support.call import check_file, end_reason
from support.hearing import Heard
from support.server import free_sip_port

SCENARIOS = Path(__file__).parent / "sipp"
BARESIP = {"PCMU/8000/1": (8000, 430), "G722/16000/1": (16000, 910), "opus/48000/2": (48000, 1270)}
SIPP, OURS = 1730, 2290  # Hz


class Sipp:
    """sipp as a phone that is called (sipp/uas.xml) and speaks a tone in PCMU; it cannot say what it hears."""

    def __init__(self, folder, frequency, calls=1):
        folder.mkdir()
        (folder / "said.ulaw").write_bytes(g711.encode("PCMU", signals.tone(frequency, 20)))
        port = free_sip_port()
        self.uri = f"sip:sipp@127.0.0.1:{port}"
        self.folder = folder
        self.process = subprocess.Popen(
            ["sipp", "-sf", str(SCENARIOS / "uas.xml"), "-i", "127.0.0.1", "-p", str(port), "-mi", "127.0.0.1", "-mp",
             str(free_sip_port() // 2 * 2), "-m", str(calls), "-nostdin", "-timeout", "60s", "-timeout_error", "-trace_err",
             "-error_file", "errors.log"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def wait(self):
        out, _ = self.process.communicate(timeout=60)
        errors = self.folder / "errors.log"
        assert self.process.returncode == 0, (out.decode()[-1500:], errors.read_text() if errors.exists() else "")

    def close(self):
        self.process.kill()
        self.process.communicate()


def test_a_phone_of_sipp_is_dialled_rings_answers_is_heard_and_hung_up(bench, tmp_path):
    client = bench.client()
    phone = bench.keep(Sipp(tmp_path / "sipp", SIPP))
    time.sleep(0.5)
    jid = client.dial(phone.uri)
    client.expect_ringing(jid)
    client.expect_answered(jid)
    component = client.record(jid, "format='wav' start-beep='false' direction='send' mix='true' max-duration='1500'")
    sound = check_file(client.expect_complete(component))
    Heard(sound.mono[4000:], sound.rate, 0, 0).check([SIPP])
    client.hangup(jid)
    assert end_reason(client.expect_end(jid))[0] == "hangup"
    phone.wait()


def test_three_of_baresip_one_of_sipp_and_one_of_ours_in_one_conference(bench, tmp_path):
    client = bench.client()
    phones, calls = {}, []
    for codec, (rate, frequency) in BARESIP.items():
        user = codec.split("/")[0].lower()
        phone = bench.keep(Baresip(tmp_path / user, signals.tone(frequency, 90, -20, rate), rate, codec,
                                   f"sip:app@127.0.0.1:{bench.server.sip_port}", user))
        jid = client.expect_offer(user).get("from")
        client.answer(jid)
        phones[frequency] = phone
        calls.append(jid)
    sipp = bench.keep(Sipp(tmp_path / "sipp", SIPP))
    time.sleep(0.5)
    calls.append(client.dial(sipp.uri))
    client.expect_answered(calls[-1])
    ours, jid = bench.answered(client, codecs=("L16/16000",), play=signals.tone(OURS, 60, -20))
    calls.append(jid)
    mixer = [client.joined(one, mixer="room") for one in calls][0]
    everybody = [*phones, SIPP, OURS]
    time.sleep(1)
    component = client.record(mixer, "format='wav' start-beep='false' mix='true' max-duration='2500'")
    ours.media.listen(1.0).check([f for f in everybody if f != OURS], [OURS])
    sound = check_file(client.expect_complete(component))
    Heard(sound.mono[sound.rate // 2 :], sound.rate, 0, 0).check(everybody)
    for one in calls:
        client.hangup(one)
        client.expect_end(one)
    client.expect_gone(mixer)
    sipp.wait()
    for own, phone in phones.items():
        heard = phone.heard()
        # The conference began at least 3.5 s before the end; the last half second may be the others leaving.
        piece = heard.mono[-3 * heard.rate : -heard.rate]
        Heard(piece, heard.rate, 0, 0).check([f for f in everybody if f != own], [own])
