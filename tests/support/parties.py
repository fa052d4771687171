"""Several parties at once, each with a tone of its own, so that who hears whom can be told by spectrum."""

import time
from dataclasses import dataclass

from support import audio, signals
from support.dialog import Dialog

# No one is another's harmonic, nor where two others' third-order products fall.
TONES = (430, 610, 910, 1270, 1730, 2290, 2710, 3110)
SETTLE = 0.5  # s: until a change is heard, play-out and jitter buffers included


@dataclass(eq=False)
class Party:
    leg: Dialog
    jid: str
    tone: int

    @property
    def media(self):
        return self.leg.media

    def speak(self, seconds=120, dbfs=-20.0):
        self.media.play(signals.tone(self.tone, seconds, dbfs))


def parties(bench, client, count, codecs=("PCMU",), speak=True, dialled=0, first=0, **options):
    """So many calls that are up, the first `dialled` of them placed by the client; `codecs` are gone through in turn."""
    found = []
    for number in range(count):
        codec = codecs[number % len(codecs)]
        how = bench.dialled if number < dialled else bench.answered
        leg, jid = how(client, codecs=(codec,), **options)
        found.append(Party(leg, jid, TONES[(first + number) % len(TONES)]))
    for one in found if speak else ():
        one.speak()
    return found


def check_heard(expected, seconds=0.8, settle=SETTLE):
    """`expected`: [(party, the parties that it hears)]; it must hear their tones, and no other's of those named, at the
    same time. Returns what was heard, in order."""
    everybody = {party.tone for party, _ in expected} | {one.tone for _, others in expected for one in others}
    time.sleep(settle)
    begin = time.monotonic()
    time.sleep(seconds + 0.05)
    found = []
    for number, (party, others) in enumerate(expected):
        tones = {one.tone for one in others}
        try:
            found.append(party.media.hearing(begin, begin + seconds).check(tones, everybody - tones))
        except AssertionError as problem:
            raise AssertionError(f"party {number} ({party.tone} Hz): {problem}") from None
    return found


def check_conference(members, **options):
    """Each hears all the others and not itself."""
    return check_heard([(one, [other for other in members if other is not one]) for one in members], **options)


def check_apart(members, **options):
    """Nobody hears anybody."""
    return check_heard([(one, []) for one in members], **options)


def slow_marks(seconds):
    """Noise that never repeats, of low frequencies: it is found again where live audio was played up to 1 % faster or
    slower, to catch up."""
    return signals.marks(seconds, highest=1000)


def story(pcm, source):
    """audio.story() of slow_marks()."""
    return [piece for piece in audio.story(pcm, source, window=0.05, alike=0.5) if piece[2] > 0.06]


def check_arrival(speaker, listeners, seconds=3.0, latest=0.5):
    """`speaker` says marks: each of the listeners hears them whole, without a jump, and at the latest so many seconds
    after they were said."""
    source = slow_marks(seconds + 4)
    begun = speaker.media.play(source)
    opened = time.monotonic() - (speaker.media.now - begun) / 8000
    time.sleep(seconds + 1)
    for one in listeners:
        pieces = story(one.media.hearing(opened + 0.5, opened + 0.5 + seconds).pcm, source)
        heard = sum(length for _, _, length in pieces)
        # Where the phone itself was late for once, what was said last is drawn out, up to 200 ms.
        assert heard > seconds - 0.5, f"{heard:.2f} s of {seconds} s were heard: {pieces}"
        late = [at + 0.5 - said for at, said, _ in pieces]
        assert 0 < min(late) and max(late) < latest, f"heard {max(late):.3f} s after it was said"
