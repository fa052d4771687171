"""Files to be played: written where the server may read them, named by file: URIs."""

from support import signals


class Sounds:
    """A server of this test's own that may play what is below the test's folder."""

    def __init__(self, bench, **config):
        self.folder = bench.folder
        config.setdefault("output", {}).setdefault("files", [str(self.folder)])
        bench.start_server(**config)

    def wav(self, pcm, rate=signals.RATE, name="sound"):
        path = self.folder / f"{name}.wav"
        signals.write_wav(path, pcm, rate)
        return f"file:{path}"

    def tone(self, frequency, seconds, rate=signals.RATE):
        return self.wav(signals.tone(frequency, seconds, rate=rate), rate, f"tone-{frequency}-{seconds}-{rate}")
