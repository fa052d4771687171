"""[recording] dtmf = "silence": no digit that a caller keys in, by events or by tones, is in what is recorded."""

import pytest

from support import audio, signals
from support.call import check_file
from support.compare import compare_call
from support.server import Server, run

LENGTHS = (0.06, 0.1, 0.25, 0.5)  # s
WORDS = ("One moment please.", "How may I help?", "Thank you very much.", "Goodbye.")


def recorded(bench, said, before=lambda media: None, codec="PCMU", **config):
    bench.start_server(**({"recording": config} if config else {}))
    client = bench.client()
    phone, jid = bench.answered(client, codecs=(codec,))
    component = client.record(jid, "format='wav' start-beep='false' direction='send'")
    phone.media.play(said)
    before(phone.media)
    phone.media.wait_played()
    phone.media.wait_position(phone.media.position + 4000)
    client.stop(component)
    return phone, check_file(client.expect_complete(component))


def keyed(digits, lengths=LENGTHS):
    """Tones of every digit, of different lengths and at odd places, between words: (signal, [(begin, end) of tones],
    [(begin, end) of words])."""
    parts, tones, words, at = [signals.silence(0.4)], [], [], 0.4
    for number, digit in enumerate(digits):
        parts.append(signals.dtmf(digit, lengths[number % len(lengths)]))
        tones.append((at, at + len(parts[-1]) / 8000))
        parts.append(signals.silence(0.13 + 0.0173 * (number % 7)))
        at += (len(parts[-2]) + len(parts[-1])) / 8000
        if number % 4 == 3:
            spoken = signals.speech(WORDS[len(words)])
            parts += [spoken, signals.silence(0.17)]
            words.append((at, at + len(spoken) / 8000))
            at += (len(spoken) + len(parts[-1])) / 8000
    return signals.join(*parts), tones, words


def strongest(pcm, frequencies):
    """The loudest of some tones, anywhere, in windows of 10 ms: dBFS."""
    return max((audio.tone_level(pcm[i : i + 80], f) for f in frequencies for i in range(0, len(pcm) - 80, 40)),
               default=-120.0)


@pytest.mark.parametrize("codec", ["PCMU", "L16/16000"])
def test_nothing_of_a_tone_stays_and_the_words_between_do(bench, codec):
    said, tones, words = keyed("1234567890*#ABCD")
    phone, sound = recorded(bench, said, codec=codec, dtmf="silence")
    # The recording begins anywhere: at 16 kHz half the time between two samples of what was said at 8.
    pcm = max((signals.resample(sound.mono[skip:], sound.rate, 8000) for skip in range(sound.rate // 8000)),
              key=lambda one: audio.locate(signals.speech(WORDS[0]), one)[1])
    first = audio.locate(signals.speech(WORDS[0]), pcm)[0] / 8000 - words[0][0]
    for (begin, end), digit in zip(tones, "1234567890*#ABCD"):
        there = pcm[max(0, int((begin + first - 0.01) * 8000)) : int((end + first + 0.01) * 8000)]
        heard = strongest(there, signals.DTMF[digit])
        assert heard < -45, f"{heard:.0f} dBFS of the digit {digit} ({end - begin:.2f} s) is left"
    for begin, end in words:
        there = pcm[int((begin + first) * 8000) : int((end + first) * 8000)]
        at, alike = audio.locate(there, said)
        assert alike > 0.97 and abs(at / 8000 - begin) < 0.01, f"the words at {begin:.2f} s are damaged"


def test_an_event_leaves_nothing_even_where_the_phone_also_plays_the_tone(bench):
    """As gateways do: the first 40 ms of the tone in the audio, then events."""
    said = signals.join(signals.silence(0.4), signals.marks(0.8), signals.silence(0.2), signals.dtmf("7", 0.04),
                        signals.silence(1), signals.marks(0.8, seed=3))

    def press(media):
        media.wait_position(media._voice_from + signals.samples(1.44))
        media.press("7", 200)

    phone, sound = recorded(bench, said, press, dtmf="silence")
    one, two = audio.locate(signals.marks(0.8), sound.mono)[0], audio.locate(signals.marks(0.8, seed=3), sound.mono)[0]
    assert (two - one) / 8000 == pytest.approx(0.8 + 0.2 + 0.04 + 1, abs=0.001)
    between = sound.mono[one + 6400 + 80 : two - 80]
    assert strongest(between, signals.DTMF["7"]) < -45


def test_keep_keeps_and_is_the_default(bench):
    for config in ({"dtmf": "keep"}, {}):
        said, tones, _ = keyed("159D")
        phone, sound = recorded(bench, said, **config)
        assert compare_call(sound, phone.media).is_exact


def test_speech_and_music_are_no_digits(bench):
    """A minute's worth of speech, music and a sweep: with dtmf = "silence" every sample of it is still there."""
    texts = ("Please enter your number, followed by the hash key.", "Three, seven, seven, nine, zero, one.",
             "The quick brown fox jumps over the lazy dog.")
    said = signals.join(signals.silence(0.3), *(signals.speech(text) for text in texts), signals.music(5),
                        signals.sweep(3))
    phone, sound = recorded(bench, said, dtmf="silence")
    found = compare_call(sound, phone.media)
    assert found.missing == [] and found.jumps == []
    assert found.is_exact


def test_a_bad_value_is_refused_by_name(bench):
    server = Server(bench.folder / "bad", start=False, recording={"dtmf": "delete"})
    done = run("check-config", server.config_file)
    assert done.returncode == 2 and "dtmf" in done.stderr + done.stdout
