"""Every file format: what it holds, what it says of itself, what its hints do, and that it plays when all ends badly."""

import re
import subprocess

import numpy as np
import pytest

from support import audio, g711, signals
from support.call import Bench, check_file, hints
from support.compare import compare, compare_call
from support.rayo import record_xml

FORMATS = ["mp3", "wav", "flac", "opus", "vorbis", "raw"]
TAGGED = ["mp3", "wav", "flac", "opus", "vorbis"]
LOSSLESS = ["wav", "flac"]
EXTENSIONS = {"opus": ".opus", "vorbis": ".ogg", "mp3": ".mp3", "wav": ".wav", "flac": ".flac", "raw": ".raw"}


@pytest.fixture(scope="module")
def line(server, tmp_path_factory):
    """One answered PCMU call that a module shares: (client, phone's call, call JID). The caller speaks marks."""
    bench = Bench(tmp_path_factory.mktemp("line"), lambda: server)
    client = bench.client("line")
    phone, jid = bench.answered(client, play=signals.marks(600))
    yield client, phone, jid
    bench.put_away()


def record(line, attributes, children="", seconds=1.5):
    client, _, jid = line
    component = client.record(jid, f"start-beep='false' max-duration='{round(seconds * 1000)}' {attributes}", children)
    return client.expect_complete(component)


def raw_sound(complete, channels, rate=8000, kind="<i2"):
    pcm = np.frombuffer(complete.path.read_bytes(), dtype=kind)
    return audio.Sound(pcm.reshape(-1, channels).T, rate)


def listened(complete, format_, channels=1):
    """The sound of a finished file, and that its duration and size are the event's."""
    if format_ != "raw":
        return check_file(complete)
    assert complete.path.stat().st_size == complete.size
    sound = raw_sound(complete, channels)
    assert complete.duration == sound.samples * 1000 // 8000
    return sound


def source_of(phone):
    """What the phone said lately, as it is after its codec, with the place where it begins."""
    begin = max(0, phone.media.position - signals.samples(20))
    return g711.decode("PCMU", g711.encode("PCMU", phone.media.source[begin:]))


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("channels", [1, 2])
def test_a_format_holds_what_was_said_as_long_and_as_loud_as_it_was(line, format_, channels):
    _, phone, _ = line
    complete = record(line, f"format='{format_}' mix='{'false' if channels == 2 else 'true'}'", seconds=2)
    assert complete.path.suffix == EXTENSIONS[format_] and complete.duration == 2000
    sound = listened(complete, format_, channels)
    assert sound.channels == channels
    left = sound.pcm[0]
    source = source_of(phone)
    found = compare(left, signals.resample(source, 8000, sound.rate), sound.rate)
    assert abs(found.worst_place) < 1 and found.missing == []
    assert abs(found.level) < 1
    assert found.is_exact or format_ not in (*LOSSLESS, "raw")
    if channels == 2:
        assert audio.level(sound.pcm[1]) < (-90 if format_ in (*LOSSLESS, "raw") else -60)


@pytest.mark.parametrize("format_", TAGGED)
def test_ffprobe_and_sox_accept_it_and_agree_on_its_length(line, format_):
    complete = record(line, f"format='{format_}'")
    told = audio.probe(complete.path)
    expected = {"mp3": "mp3", "wav": "pcm_s16le", "flac": "flac", "opus": "opus", "vorbis": "vorbis"}[format_]
    assert told["stream_codec_name"] == expected
    played = float(told["duration"]) - float(told.get("start_time") or 0)
    assert played == pytest.approx(1.5, abs=0.08)
    if format_ == "opus":
        return  # Debian's sox does not know it
    done = subprocess.run(["sox", str(complete.path), "-n", "stat"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    length = float(re.search(r"Length \(seconds\): +([\d.]+)", done.stderr).group(1))
    assert length == pytest.approx(1.5, abs=0.16), "sox reads another length"
    assert "WARN" not in done.stderr or format_ == "mp3", done.stderr


def tags_of(path):
    told = audio.probe(path)
    found = {}
    for where, holder in (("", told.get("tags")), ("stream ", told.get("stream_tags"))):
        found.update({where + name.lower(): value for name, value in (holder or {}).items()})
    return found


@pytest.mark.parametrize("format_", TAGGED)
def test_a_file_says_which_call_it_is_of(line, format_):
    client, phone, jid = line
    complete = record(line, f"format='{format_}' mix='false'")
    everything = " ".join(f"{name}={value}" for name, value in tags_of(complete.path).items())
    component = complete.stanza.get("from").split("/")[1]
    for expected in (jid.split("@")[0], component, phone.phone.user, "Telegraphone", "send, recv"):
        assert expected in everything, f"{expected} is not in the tags: {everything}"
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", everything), everything


@pytest.mark.parametrize("encoding, codec", [("mulaw", "PCMU"), ("alaw", "PCMA")])
@pytest.mark.parametrize("format_", ["wav", "raw"])
def test_a_law_in_a_file_is_the_very_bytes_of_the_packets(bench, format_, encoding, codec):
    """Every code there is, both zeros among them, is spoken."""
    client = bench.client()
    phone, jid = bench.answered(client, codecs=(codec,))
    component = client.record(jid, f"format='{format_}' direction='send' start-beep='false'", hints(encoding=encoding))
    phone.media.play(signals.join(signals.marks(1), signals.noise(1, -6), signals.noise(0.5, -70)))
    phone.media.wait_played()
    client.stop(component)
    complete = client.expect_complete(component)
    written = audio.wav_data(complete.path) if format_ == "wav" else complete.path.read_bytes()
    spoken = b"".join(word.payload for word in phone.media.sent)
    assert len(written) > 16000 and written in spoken
    assert len(set(written)) > 200 and complete.duration == len(written) * 1000 // 8000
    if format_ == "wav":
        assert audio.probe(complete.path)["stream_codec_name"] == f"pcm_{encoding}"


def test_bytes_that_no_encoder_would_make_are_kept(bench):
    """µ-law's negative zero (0x7f), which few encoders produce, comes out as it went in."""
    client = bench.client()
    phone, jid = bench.answered(client, codecs=("PCMU",))
    component = client.record(jid, "format='wav' direction='send' start-beep='false'", hints(encoding="mulaw"))
    phone.media.play(signals.marks(0.5))
    voice, real = phone.media._voice, phone.media._voice.payload
    voice.payload = lambda *args: bytes([0x7F if byte == 0xFF else byte for byte in real(*args)])
    phone.media.wait_played()
    phone.media.wait_position(phone.media.position + 4000)
    client.stop(component)
    written = audio.wav_data(client.expect_complete(component).path)
    assert written[-1600:] == b"\x7f" * 1600


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("format_", ["mp3", "wav", "flac", "vorbis"])
def test_the_sample_rate_is_what_was_asked_for(line, format_, rate):
    _, phone, _ = line
    sound = check_file(record(line, f"format='{format_}'", hints(sample_rate=rate)))
    assert sound.rate == rate
    found = compare(sound.mono, signals.resample(source_of(phone), 8000, rate), rate)
    assert abs(found.worst_place) < 1 and found.missing == [] and abs(found.level) < 1


@pytest.mark.parametrize("channels", [1, 2])
def test_channels_is_another_word_for_mix(line, channels):
    assert check_file(record(line, "format='wav'", hints(channels=channels))).channels == channels


@pytest.mark.parametrize("format_, hint, small, large", [
    ("mp3", "bitrate", 16, 64), ("mp3", "quality", 9, 0), ("opus", "bitrate", 16, 48), ("vorbis", "bitrate", 16, 42),
    ("vorbis", "quality", 9, 0)])
def test_more_bits_make_a_larger_and_a_better_file(line, format_, hint, small, large):
    _, phone, _ = line
    vbr = {"vbr": "true"} if (format_, hint) == ("mp3", "quality") else {}
    sizes, ratios = [], []
    for value in (small, large):
        complete = record(line, f"format='{format_}'", hints(**{hint: value}, **vbr), seconds=2)
        sound = check_file(complete)
        source = signals.resample(source_of(phone), 8000, sound.rate)
        sizes.append(complete.size)
        ratios.append(compare(sound.mono, source, sound.rate).mean_snr)
    assert sizes[1] > 1.15 * sizes[0], sizes
    assert ratios[1] > ratios[0], ratios


@pytest.mark.parametrize("format_, hint, values", [("flac", "compression", (0, 5, 8)), ("opus", "complexity", (0, 10)),
                                                   ("mp3", "vbr", ("true", "false")), ("opus", "vbr", ("true", "false"))])
def test_hints_that_trade_time_for_size_lose_nothing(line, format_, hint, values):
    _, phone, _ = line
    for value in values:
        sound = check_file(record(line, f"format='{format_}'", hints(**{hint: value})))
        found = compare(sound.mono, signals.resample(source_of(phone), 8000, sound.rate), sound.rate)
        assert found.missing == [] and abs(found.worst_place) < 1
        assert found.is_exact or format_ != "flac"


BAD = [
    ("mp3", "quality", "10"), ("mp3", "bitrate", "7"), ("mp3", "bitrate", "64k"), ("mp3", "vbr", "perhaps"),
    ("opus", "bitrate", "511"), ("opus", "complexity", "11"), ("opus", "quality", "-1"), ("opus", "vbr", ""),
    ("vorbis", "quality", "ten"), ("vorbis", "bitrate", "0"), ("flac", "compression", "9"),
    ("wav", "encoding", "mp3"), ("raw", "encoding", ""), ("wav", "sample-rate", "7999"), ("flac", "sample-rate", "-8000"),
    ("mp3", "sample-rate", "fast"), ("wav", "sample-rate", "999999999999"), ("wav", "channels", "3"),
    ("mp3", "channels", "stereo"), ("mp3", "double-pass", "maybe"), ("wav", "pause", "music"), ("wav", "pause", ""),
]


@pytest.mark.parametrize("format_, hint, value", BAD)
def test_an_impossible_hint_is_refused_by_name(server, line, format_, hint, value):
    client, _, jid = line
    before = set(server.spooled_files()) | set(server.recorded_files())
    text = client.refused(jid, record_xml(f"format='{format_}'", f"<hint name='{hint}' value='{value}'/>"), "modify",
                          "bad-request")
    assert hint in text, text
    assert set(server.spooled_files()) | set(server.recorded_files()) == before


@pytest.mark.parametrize("format_", FORMATS)
def test_hints_of_other_formats_and_unknown_ones_are_ignored(line, format_):
    strange = {"colour": "red", "x-y": ""}
    foreign = {"mp3": {"compression": 99}, "wav": {"quality": "best"}, "flac": {"bitrate": "x"}, "opus": {"compression": -1},
               "vorbis": {"complexity": "x"}, "raw": {"quality": ""}}[format_]
    complete = record(line, f"format='{format_}'", hints(**strange, **foreign), seconds=0.5)
    assert complete.duration == 500


@pytest.mark.parametrize("format_", ["mp3", "opus", "vorbis", "flac", "wav"])
def test_double_pass_is_as_loud_as_broadcasts_are_and_loses_nothing(bench, format_):
    """A caller who speaks softly: after the end the file has been brought near -23 LUFS, and nothing else changed."""
    client = bench.client()
    quiet = signals.join(*(signals.marks(1.5, seed=n, dbfs=-38) for n in range(3)))
    phone, jid = bench.answered(client, play=quiet)
    component = client.record(jid, f"format='{format_}' start-beep='false' max-duration='3000'", hints(double_pass="true"))
    complete = client.expect_complete(component, 60)
    sound = check_file(complete)
    assert complete.duration == 3000
    told = subprocess.run(["ffmpeg", "-nostats", "-i", str(complete.path), "-af", "ebur128", "-f", "null", "-"],
                          capture_output=True, text=True).stderr
    loudness = float(re.findall(r"I: +(-?[\d.]+) LUFS", told)[-1])
    assert -26 < loudness < -14, f"{loudness} LUFS"
    found = compare(sound.mono, signals.resample(quiet, 8000, sound.rate), sound.rate)
    assert found.missing == [] and abs(found.worst_place) < 1 and found.level > 5


def test_a_double_pass_makes_nobody_wait(bench):
    """The call goes on, and another recording of it too, while the finishing encode is made."""
    client = bench.client()
    phone, jid = bench.answered(client, play=signals.marks(20))
    passes = client.record(jid, "format='mp3' start-beep='false'", hints(double_pass="true", quality=0))
    plain = client.record(jid, "format='wav' start-beep='false'")
    phone.media.wait_position(signals.samples(3))
    client.stop(passes)
    client.expect_complete(passes, 60)
    phone.media.wait_position(phone.media.position + signals.samples(0.5))
    client.stop(plain)
    assert compare_call(check_file(client.expect_complete(plain)), phone.media).is_exact


@pytest.mark.parametrize("format_", FORMATS)
def test_a_recording_whose_server_was_killed_plays_up_to_its_last_second(bench, format_):
    """Five seconds into the recording the server gets SIGKILL: ffprobe and sox accept the spool file, and it holds all but
    the last second or so of what was said."""
    server = bench.start_server()
    client = bench.client()
    source = signals.marks(30)
    phone, jid = bench.answered(client, play=source)
    client.record(jid, f"format='{format_}' start-beep='false' direction='send'")
    begun = phone.media.position
    phone.media.wait_position(begun + signals.samples(5))
    server.kill()
    killed = (phone.media.position - begun) / signals.RATE
    spooled, = server.spooled_files()
    if format_ == "raw":
        sound = audio.Sound(np.frombuffer(spooled.read_bytes()[: spooled.stat().st_size // 2 * 2], "<i2")[None, :], 8000)
    else:
        sound = audio.read(spooled)
    if format_ not in ("raw", "opus"):  # Debian's sox does not know opus
        done = subprocess.run(["sox", "-t", {"vorbis": "ogg"}.get(format_, format_), str(spooled), "-n", "stat"],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    found = compare(sound.mono, signals.resample(g711.decode("PCMU", g711.encode("PCMU", source)), 8000, sound.rate),
                    sound.rate)
    assert found.missing == [] and found.jumps == []
    assert sound.seconds >= killed - 1.6, f"{sound.seconds} s of {killed} s"


@pytest.mark.parametrize("format_", ["flac", "opus", "vorbis", "raw"])
def test_a_recording_can_be_played_while_it_grows(bench, format_):
    server = bench.start_server()
    client = bench.client()
    phone, jid = bench.answered(client, play=signals.marks(30))
    component = client.record(jid, f"format='{format_}' start-beep='false'")
    begun = phone.media.position
    phone.media.wait_position(begun + signals.samples(4))
    growing, = server.spooled_files()
    said = (phone.media.position - begun) / signals.RATE
    sound = audio.read(growing) if format_ != "raw" else audio.Sound(np.zeros((1, growing.stat().st_size // 2)), 8000)
    assert sound.seconds >= said - 1.8
    client.stop(component)
    client.expect_complete(component)


def test_the_channels_of_every_format_are_as_long_as_each_other_when_one_side_is_silent(bench):
    """Nobody says anything: both channels are silence of the same length in every format."""
    client = bench.client()
    _, jid = bench.answered(client, speaks=False)
    components = {f: client.record(jid, f"format='{f}' mix='false' start-beep='false' max-duration='1500'") for f in FORMATS}
    for format_, component in components.items():
        sound = listened(client.expect_complete(component), format_, 2)
        assert sound.channels == 2 and audio.level(sound.pcm.reshape(-1)) < -80
        assert sound.seconds == pytest.approx(1.5, abs=0.001)
