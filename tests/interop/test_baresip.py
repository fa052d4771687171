"""baresip, a phone that others wrote, calls and speaks a file; the recording holds what it said."""

import contextlib
import socket
import subprocess

import pytest

from support import audio, signals
from support.call import check_file
from support.compare import compare
from support.server import free_sip_port

CONFIG = """
sip_listen 127.0.0.1:{port}
module_path /usr/lib/baresip/modules
module g711.so
module g722.so
module l16.so
module opus.so
module aufile.so
module ausine.so
module_app account.so
module_app menu.so
audio_source aufile,{folder}/said.wav
audio_player aufile,{folder}/heard.wav
audio_alert aufile,{folder}/alert.wav
ausrc_srate {rate}
auplay_srate {rate}
rtp_ports 40000-40999
net_interface 127.0.0.1
opus_bitrate 64000
opus_application audio
"""


def port_with_a_free_one_above():
    """baresip takes the next port for TLS."""
    while True:
        port = free_sip_port()
        try:
            with socket.create_server(("127.0.0.1", port + 1)):
                return port
        except OSError:
            continue


@contextlib.contextmanager
def baresip(server, folder, source, rate, codec, transport="udp"):
    """A call of baresip that plays `source`; its log is in the failure if it goes wrong."""
    # baresip wants a file with as many channels as the codec has.
    signals.write_wav(folder / "said.wav", [source, source] if codec.endswith("/2") else source, rate)
    (folder / "config").write_text(CONFIG.format(port=port_with_a_free_one_above(), folder=folder, rate=rate))
    (folder / "accounts").write_text(f"<sip:baresip@127.0.0.1>;regint=0;audio_codecs={codec}\n")
    to = f"sip:app@127.0.0.1:{server.sip_port};transport={transport}"
    with open(folder / "baresip.log", "wb") as log:
        process = subprocess.Popen(["baresip", "-f", str(folder), "-e", f"/dial {to}"], cwd=folder,
                                   stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield
        except AssertionError as problem:
            pytest.fail(f"{problem}\n{(folder / 'baresip.log').read_text(errors='replace')[-3000:]}")
        finally:
            process.terminate()
            process.wait(10)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_baresip_calls_and_what_it_plays_is_recorded(bench, tmp_path, transport):
    client = bench.client()
    source = signals.marks(12)
    with baresip(bench.server, tmp_path, source, 8000, "PCMU/8000/1", transport):
        jid = client.expect_offer("baresip").get("from")
        client.accept(jid)
        client.answer(jid)
        component = client.record(jid, "format='wav' start-beep='false' max-duration='3000'")
        sound = check_file(client.expect_complete(component))
        assert sound.samples == 24000
        pieces = [p for p in audio.story(sound.mono, source) if p[2] > 0.3]
        assert sum(p[2] for p in pieces) > 2.0, pieces
        client.hangup(jid)
        client.expect_end(jid)


@pytest.mark.parametrize("codec, rate", [("opus/48000/2", 48000), ("G722/16000/1", 16000), ("L16/16000/1", 16000),
                                         ("L16/48000/1", 48000), ("PCMA/8000/1", 8000)])
def test_what_baresip_says_in_other_codecs_is_recorded_as_wide_as_it_was(bench, tmp_path, codec, rate):
    """baresip plays noise that never repeats, as wide as the codec: it is all there, in one piece, at the codec's rate."""
    client = bench.client()
    source = signals.marks(15, rate=rate, highest=0.38 * rate if rate < 48000 else 9000)
    with baresip(bench.server, tmp_path, source, rate, codec):
        jid = client.expect_offer("baresip").get("from")
        client.answer(jid)
        component = client.record(jid, "format='wav' start-beep='false' direction='send' max-duration='3500'")
        sound = check_file(client.expect_complete(component))
        assert sound.rate == rate and sound.seconds == 3.5
        found = compare(sound.mono, source, rate)
        assert found.jumps == [], found.jumps
        assert found.missing_ms <= 40 and abs(found.level) < 3, found
        client.hangup(jid)
        client.expect_end(jid)
