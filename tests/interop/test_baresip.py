"""baresip, a phone that others wrote, calls and speaks a file; the recording holds what it said."""

import socket
import subprocess

import pytest

from support import audio, signals
from support.call import check_file
from support.server import free_sip_port

CONFIG = """
sip_listen 127.0.0.1:{port}
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module ausine.so
module_app account.so
module_app menu.so
audio_source {source}
audio_player aufile,{folder}/heard.wav
audio_alert aufile,{folder}/alert.wav
ausrc_srate 8000
auplay_srate 8000
rtp_ports 40000-40999
net_interface 127.0.0.1
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


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_baresip_calls_and_what_it_plays_is_recorded(bench, tmp_path, transport):
    client = bench.client()
    source = signals.join(signals.marks(12))
    signals.write_wav(tmp_path / "said.wav", source)
    (tmp_path / "config").write_text(CONFIG.format(port=port_with_a_free_one_above(), folder=tmp_path,
                                                   source=f"aufile,{tmp_path}/said.wav"))
    (tmp_path / "accounts").write_text("<sip:baresip@127.0.0.1>;regint=0;audio_codecs=PCMU/8000/1\n")
    to = f"sip:app@127.0.0.1:{bench.server.sip_port};transport={transport}"
    process = subprocess.Popen(["baresip", "-f", str(tmp_path), "-e", f"/dial {to}"], cwd=tmp_path,
                               stdin=subprocess.PIPE,
                               stdout=open(tmp_path / "baresip.log", "wb"), stderr=subprocess.STDOUT)
    try:
        try:
            offer = client.expect_offer("baresip")
        except AssertionError as problem:
            pytest.fail(f"{problem}\n{(tmp_path / 'baresip.log').read_text(errors='replace')[-3000:]}")
        jid = offer.get("from")
        client.accept(jid)
        client.answer(jid)
        component = client.record(jid, "format='wav' start-beep='false' max-duration='3000'")
        sound = check_file(client.expect_complete(component))
        assert sound.samples == 24000
        pieces = [p for p in audio.story(sound.mono, source) if p[2] > 0.3]
        assert sum(p[2] for p in pieces) > 2.0, pieces
        client.hangup(jid)
        client.expect_end(jid)
    finally:
        process.terminate()
        process.wait(10)
