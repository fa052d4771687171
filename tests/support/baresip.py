"""baresip, a phone that others wrote: plays a file, keeps what it hears in another, calls or is called."""

import contextlib
import os
import socket
import subprocess

import pytest

from support import audio, signals
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
{ear}
module_app account.so
module_app menu.so
audio_source aufile,{folder}/said.wav
audio_player aufile,{folder}/heard.wav
snd_path {folder}
audio_alert aufile,{folder}/alert.wav
ausrc_srate {rate}
auplay_srate {rate}
rtp_ports {rtp}-{rtp_last}
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


class Baresip:
    """`codec`: as baresip names it, "G722/16000/1"; it calls `to`, or takes every call if there is none. `hears`:
    whether heard() will be asked for."""

    _number = 30 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])  # of the range of RTP ports

    def __init__(self, folder, source, rate, codec, to=None, user="baresip", hears=True):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port = folder, port_with_a_free_one_above()
        self.uri = f"sip:{user}@127.0.0.1:{self.port}"
        # baresip wants a file with as many channels as the codec has.
        signals.write_wav(folder / "said.wav", [source, source] if codec.endswith("/2") else source, rate)
        rtp = 40000 + 100 * (Baresip._number % 100)
        Baresip._number += 1
        (folder / "config").write_text(CONFIG.format(port=self.port, folder=folder, rate=rate, rtp=rtp, rtp_last=rtp + 98,
                                                   ear="module sndfile.so" if hears else ""))
        answers = "" if to else ";answermode=auto"
        (folder / "accounts").write_text(f"<sip:{user}@127.0.0.1>;regint=0;audio_codecs={codec}{answers}\n")
        self._log = open(folder / "baresip.log", "wb")
        self.process = subprocess.Popen(["baresip", "-f", str(folder), *(["-e", f"/dial {to}"] if to else [])], cwd=folder,
                                        stdin=subprocess.PIPE, stdout=self._log, stderr=subprocess.STDOUT)

    @property
    def log(self):
        return (self.folder / "baresip.log").read_text(errors="replace")

    def heard(self):
        """What it has heard since its call began; complete once its call is over."""
        dump, = self.folder.glob("dump-*-dec.wav")  # by the module sndfile
        return audio.read(dump)

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self._log.close()


@contextlib.contextmanager
def baresip(server, folder, source, rate, codec, transport="udp"):
    """A call of baresip that plays `source`; its log is in the failure if it goes wrong."""
    phone = Baresip(folder, source, rate, codec, f"sip:app@127.0.0.1:{server.sip_port};transport={transport}",
                    hears=False)
    try:
        yield phone
    except AssertionError as problem:
        pytest.fail(f"{problem}\n{phone.log[-3000:]}")
    finally:
        phone.close()
